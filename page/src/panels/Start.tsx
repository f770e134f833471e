import { grouped } from "../common/numbers";
import { Text } from "../common/text";
import type { About, Id } from "../contract/answers";
import { isKnown } from "../data/client";
import { useAnswer } from "../data/useAnswer";
import { beginnings } from "./examples";
import { Quiet } from "./Note";

const FREQUENT = 5000; // most frequent words, for a random choice

interface StartProps {
  about: About;
  model: number;
  onPick: (model: number, id: Id) => void;
}

/** The start: what one can do, and words to begin with. */
export function Start({ about, model, onPick }: StartProps) {
  const words = useAnswer("words", { model }).value;
  const one = about.models[model];
  if (!one) return null;
  if (one.words === 0) return <Quiet>This model has no words.</Quiet>;
  const known = (id: Id) => isKnown(model, id);
  const chance = () => {
    const frequent = [...Array(Math.min(one.mapped, FREQUENT)).keys()].filter(known);
    onPick(model, frequent[Math.floor(Math.random() * frequent.length)] ?? 0);
  };
  return (
    <>
      <h2 class="title">Which words are kin?</h2>
      <p class="lead">
        {grouped(one.words)} words, each a point in {grouped(one.dim)} dimensions; the map shows
        them in two. Search for one, click one on the map, or begin here.
      </p>
      {words && (
        <ul class="chips" aria-label="Words to begin with">
          {beginnings(words, known).map((id) => (
            <li key={id}>
              <button type="button" class="chip" onClick={() => onPick(model, id)}>
                <Text word={words[id] ?? ""} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <button type="button" class="small" onClick={chance}>
        Random word
      </button>
    </>
  );
}
