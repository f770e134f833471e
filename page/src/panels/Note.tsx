import type { ComponentChildren } from "preact";
import type { Trouble } from "../trouble";

/** Why there is nothing here; what ails the whole page is said elsewhere. */
export function Note({ trouble }: { trouble: Trouble | null }) {
  if (!trouble || trouble.kind === "gone" || trouble.kind === "forbidden") return null;
  return <Quiet>{trouble.message}</Quiet>;
}

export function Quiet({ children }: { children: ComponentChildren }) {
  return <p class="quiet">{children}</p>;
}
