import { Text, visible } from "../common/text";
import type { About, Id } from "../contract/answers";
import { NUMBERS } from "../contract/questions";
import { isKnown } from "../data/client";
import { useAnswer, useSame, useWord } from "../data/useAnswer";
import type { Slots, View } from "../data/view";
import { Bars } from "./Bars";
import { Columns } from "./Columns";
import { examplesIn } from "./examples";
import { Among, Note, Quiet } from "./Note";
import { Suggestions } from "./Suggestions";

type Analogy = Extract<View, { tab: "analogy" }>;

const NAMES = ["a", "b", "c"] as const;
const JOINTS = ["is to", "as", "is to"];

interface AnalogyPanelProps {
  about: About;
  view: Analogy;
  /** The slot for the next word; null if all are filled. */
  slot: number | null;
  onSlot: (slot: number) => void;
  onView: (view: Analogy) => void;
  onPick: (model: number, id: Id) => void;
}

/** a is to b as c is to what? */
export function AnalogyPanel({ about, view, slot, onSlot, onView, onPick }: AnalogyPanelProps) {
  const [a, b, c] = view.ids;
  const empty = view.ids.every((id) => id === null);
  const change = (ids: Slots) => onView({ ...view, ids });
  return (
    <>
      <fieldset class="slots">
        <legend class="unseen">a is to b as c is to the answers</legend>
        {NAMES.map((name, at) => (
          <div key={name} class="slot-line">
            <Slot
              name={name}
              model={view.model}
              id={view.ids[at] ?? null}
              next={slot === at}
              onChoose={() => onSlot(at)}
              onClear={() => {
                change(view.ids.map((id, other) => (other === at ? null : id)) as unknown as Slots);
                onSlot(at);
              }}
            />
            <span class="joint">{JOINTS[at]}</span>
          </div>
        ))}
        <span class="unknown" aria-hidden="true">
          ?
        </span>
      </fieldset>
      <div class="actions">
        <Methods view={view} onView={onView} />
        <span class="spread" />
        <button
          type="button"
          class="small"
          disabled={empty}
          title="Swap a and b"
          onClick={() => change([b, a, c])}
        >
          Swap
        </button>
        <button
          type="button"
          class="small"
          disabled={empty}
          onClick={() => change([null, null, null])}
        >
          Clear
        </button>
      </div>
      {a === null || b === null || c === null ? (
        <>
          <Quiet>
            Choose three words: search for them, or click them here or on the map. Next:{" "}
            <b>{NAMES[slot ?? 0]}</b>.
          </Quiet>
          {empty && <Examples model={view.model} onChoose={change} />}
          <Suggestions
            model={view.model}
            chosen={view.ids}
            onPick={(id) => onPick(view.model, id)}
          />
        </>
      ) : (
        <Columns
          about={about}
          of={(model) => (
            <Answers
              about={about}
              view={view}
              model={model}
              most={view.method === "add" ? 1 : 0}
              onPick={(id) => onPick(model, id)}
            />
          )}
        />
      )}
    </>
  );
}

interface SlotProps {
  name: string;
  model: number;
  id: Id | null;
  next: boolean;
  onChoose: () => void;
  onClear: () => void;
}

function Slot({ name, model, id, next, onChoose, onClear }: SlotProps) {
  const word = useWord(model, id);
  return (
    <span class={next ? "slot next" : "slot"}>
      <button
        type="button"
        class="slot-word"
        aria-pressed={next}
        title="The next word goes here"
        onClick={onChoose}
      >
        <span class="unseen">{name}: </span>
        {id === null ? <i class="slot-name">{name}</i> : <Text word={word ?? "…"} />}
      </button>
      {id !== null && (
        <button
          type="button"
          class="remove"
          aria-label={`Clear ${name}, ${visible(word ?? "")}`}
          onClick={onClear}
        >
          ×
        </button>
      )}
    </span>
  );
}

function Methods({ view, onView }: { view: Analogy; onView: (view: Analogy) => void }) {
  const methods = [
    { method: "add", name: "Sum", title: "3CosAdd: nearest to b − a + c" },
    { method: "mul", name: "Product", title: "3CosMul: near b and c, far from a, multiplied" },
  ] as const;
  return (
    <div class="choice" role="radiogroup" aria-label="Method">
      {methods.map(({ method, name, title }) => (
        <label key={method} title={title}>
          <input
            type="radio"
            name="method"
            checked={view.method === method}
            onChange={() => onView({ ...view, method })}
          />
          <span>{name}</span>
        </label>
      ))}
    </div>
  );
}

interface AnswersProps {
  about: About;
  view: Analogy;
  model: number;
  /** The least score of a full bar. */
  most: number;
  onPick: (id: Id) => void;
}

function Answers({ about, view, model, most, onPick }: AnswersProps) {
  const same = useSame(view.ids, view.model, model);
  const [a, b, c] = same.value ?? [];
  const known = a != null && b != null && c != null;
  const params = known ? { model, a, b, c, n: NUMBERS.analogy, method: view.method } : null;
  const answer = useAnswer("analogy", params);
  const one = about.models[model];
  if (same.value && !known) return <Quiet>This model lacks some of these words.</Quiet>;
  const error = same.error ?? answer.error;
  if (error || !answer.value) return <Note error={error} />;
  return (
    <>
      <h3 class="section">Answers</h3>
      <Bars
        label="Answers"
        rows={answer.value}
        most={Math.max(most, answer.value[0]?.score ?? 1)}
        onPick={onPick}
      />
      {one && params && <Among of={one} name="analogy" params={params} />}
    </>
  );
}

function Examples({ model, onChoose }: { model: number; onChoose: (ids: Slots) => void }) {
  const words = useAnswer("words", { model }).value;
  const known = (id: Id) => isKnown(model, id);
  const examples = words ? examplesIn(words, known) : [];
  if (examples.length === 0) return null;
  return (
    <>
      <h3 class="section">For example</h3>
      <ul class="examples">
        {examples.map((ids) => (
          <li key={ids.join()}>
            <button type="button" class="example" onClick={() => onChoose(ids)}>
              {ids.map((id, at) => (
                <span key={NAMES[at]}>
                  <b dir="auto">{words?.[id]}</b> {JOINTS[at]}{" "}
                </span>
              ))}
              …
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
