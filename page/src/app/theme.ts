/** The theme, light or dark: the system's, or the one chosen here, which is stored. */

import { store } from "../common/store";

export type Theme = "auto" | "light" | "dark";

const KEY = "wordkin-theme";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const system = matchMedia("(prefers-color-scheme: dark)");

export const theme = store<Theme>(remembered());

export function nextTheme() {
  theme.change((now) => NEXT[now]);
  try {
    localStorage.setItem(KEY, theme.get());
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  show();
}

/** Set the theme on the document, now and when the system changes. */
export function followTheme() {
  show();
  system.addEventListener("change", show);
}

function show() {
  const dark = theme.get() === "dark" || (theme.get() === "auto" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}
