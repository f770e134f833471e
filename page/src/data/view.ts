/** The view of the page, kept in the hash of the address: `#m=0&tab=word&id=12`. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { About, Id } from "../contract/answers";
import { type Method, MOST_COMPARED } from "../contract/questions";

export type Tab = "word" | "analogy" | "compare";
/** The words a, b and c of an analogy; null if not chosen yet. */
export type Slots = readonly [Id | null, Id | null, Id | null];

export type View =
  /** A word, and another one whose sentences with it are shown. */
  | { tab: "word"; model: number; id: Id | null; beside: Id | null }
  | { tab: "analogy"; model: number; ids: Slots; method: Method }
  | { tab: "compare"; model: number; ids: readonly Id[] };

/** The empty view of a tab. */
export function blank(tab: Tab, model: number): View {
  if (tab === "word") return { tab, model, id: null, beside: null };
  if (tab === "analogy") return { tab, model, ids: [null, null, null], method: "add" };
  return { tab, model, ids: [] };
}

/** The words of a view; null for empty slots. */
export function idsOf(view: View): readonly (Id | null)[] {
  return view.tab === "word" ? [view.id] : view.ids;
}

export function format(view: View): string {
  const start = `m=${view.model}&tab=${view.tab}`;
  if (view.tab === "word") {
    const beside = view.beside === null ? "" : `&with=${view.beside}`;
    return view.id === null ? start : `${start}&id=${view.id}${beside}`;
  }
  const ids = view.ids.some((id) => id !== null) ? `&ids=${view.ids.map((id) => id ?? "")}` : "";
  return start + ids + (view.tab === "analogy" ? `&method=${view.method}` : "");
}

/** Parse the hash of an address; null if it is invalid. */
export function parse(text: string): View | null {
  const given = new URLSearchParams(text.replace(/^#/, ""));
  const model = number(given.get("m") ?? "0");
  const tab = given.get("tab");
  if (model === null || (tab !== "word" && tab !== "analogy" && tab !== "compare")) return null;
  if (tab === "word") {
    const id = number(given.get("id") ?? "");
    const beside = number(given.get("with") ?? "");
    return given.has("id") && id === null ? null : { tab, model, id, beside };
  }
  const texts = (given.get("ids") ?? "").split(",");
  const ids = texts.map(number);
  if (ids.some((id, at) => id === null && texts[at] !== "")) return null;
  if (tab === "compare") {
    const chosen = [...new Set(ids)].filter((id) => id !== null);
    return chosen.length <= MOST_COMPARED ? { tab, model, ids: chosen } : null;
  }
  const method = given.get("method") ?? "add";
  if (ids.length > 3 || (method !== "add" && method !== "mul")) return null;
  return { tab, model, ids: [ids[0] ?? null, ids[1] ?? null, ids[2] ?? null], method };
}

function number(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** Whether the models have the words of a view. */
export function holds(about: About, view: View): boolean {
  const model = about.models[view.model];
  const ids = view.tab === "word" ? [view.id, view.beside] : view.ids;
  return model !== undefined && ids.every((id) => id === null || id < model.words);
}

/** The view in the address, and a function to open another, which adds to the history. */
export function useView(about: About | null, first: View | null): [View, (view: View) => void] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const go = useCallback((view: View) => {
    location.hash = format(view);
    setHash(location.hash);
  }, []);
  const wanted = parse(hash) ?? (hash === "" ? first : null) ?? blank("word", 0);
  if (about) return [holds(about, wanted) ? wanted : blank("word", 0), go];
  return [blank(wanted.tab, 0), go]; // request nothing before it is known to exist
}
