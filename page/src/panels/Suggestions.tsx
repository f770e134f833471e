import { Text, visible } from "../common/text";
import type { Id } from "../contract/answers";
import { NUMBERS } from "../contract/questions";
import { isKnown } from "../data/client";
import { useAnswer } from "../data/useAnswer";
import { beginnings } from "./examples";

const FEW = 12;

interface SuggestionsProps {
  model: number;
  /** The words chosen so far. */
  chosen: readonly (Id | null)[];
  onPick: (id: Id) => void;
}

/** Suggests words: neighbours of the last one chosen, or some to begin with. */
export function Suggestions({ model, chosen, onPick }: SuggestionsProps) {
  const words = useAnswer("words", { model }).value;
  const last = chosen.findLast((id) => id !== null) ?? null;
  const answer = useAnswer(
    "neighbours",
    last === null ? null : { model, id: last, n: NUMBERS.neighbours },
  );
  const known = (id: Id) => isKnown(model, id);
  const offered =
    last === null
      ? beginnings(words ?? [], known, FEW).map((id) => ({ id, word: words?.[id] ?? "" }))
      : (answer.value?.neighbours ?? [])
          .filter(({ id }) => !chosen.includes(id) && known(id))
          .slice(0, FEW);
  if (offered.length === 0) return null;
  const near = answer.value && visible(answer.value.word);
  return (
    <>
      <h3 class="section">{last === null ? "Words to begin with" : <bdi>Near {near}</bdi>}</h3>
      <ul class="chips">
        {offered.map(({ id, word }) => (
          <li key={id}>
            <button type="button" class="chip" onClick={() => onPick(id)}>
              <Text word={word} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
