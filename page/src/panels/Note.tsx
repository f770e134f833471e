import type { ComponentChildren } from "preact";
import { grouped } from "../common/numbers";
import type { Model } from "../contract/answers";
import type { Questions } from "../contract/questions";
import type { AnswerError } from "../data/errors";
import { snapshot } from "../data/snapshot";

/** Why there is no answer; the banner reports errors of the whole page. */
export function Note({ error }: { error: AnswerError | null }) {
  if (!error || error.kind === "gone" || error.kind === "forbidden") return null;
  return <Quiet>{error.message}</Quiet>;
}

export function Quiet({ children }: { children: ComponentChildren }) {
  return <p class="quiet">{children}</p>;
}

interface AmongProps {
  of: Model;
  name: "analogy" | "compare";
  params: Questions["analogy"]["params"] | Questions["compare"]["params"];
}

/** How many words an exported page searched to compute an answer. */
export function Among({ of, name, params }: AmongProps) {
  if (!snapshot || snapshot.holds(name, params)) return null;
  const words = snapshot.atHand(params.model).size;
  if (words === of.words) return null;
  return <Quiet>Among the {grouped(words)} words whose vectors are in this page.</Quiet>;
}
