import { useState } from "preact/hooks";
import { grouped, percent } from "../common/numbers";
import { Text, visible } from "../common/text";
import type { About, Id, Model, Neighbours, Scored } from "../contract/answers";
import { NUMBERS } from "../contract/questions";
import { answerable } from "../data/client";
import { useAnswer, useSame, useWord } from "../data/useAnswer";
import { Bars } from "./Bars";
import { Columns } from "./Columns";
import { Note, Quiet } from "./Note";
import { Why } from "./Why";

/** Neighbours shown on demand. */
const MOST = 100;

interface WordPanelProps {
  about: About;
  model: number;
  id: Id;
  beside: Id | null;
  onPick: (model: number, id: Id) => void;
  /** Show sentences of a word with another; null to hide them. */
  onBeside: (model: number, id: Id, beside: Id | null) => void;
  onCompare: () => void;
  onAnalogy: () => void;
}

/** A word: its neighbours, why they are near, and what is expected around it. */
export function WordPanel(props: WordPanelProps) {
  const { about, model, id, beside, onPick, onBeside, onCompare, onAnalogy } = props;
  const word = useWord(model, id) ?? "";
  const [pointed, setPointed] = useState<string | null>(null);
  const shared = useShared(about, model, id);
  return (
    <>
      <div class="headline">
        <h2 class="title" dir="auto">
          {word && visible(word)}
        </h2>
        <div class="actions">
          <button type="button" class="small" onClick={onCompare}>
            Compare
          </button>
          <button type="button" class="small" onClick={onAnalogy}>
            Use in analogy
          </button>
        </div>
      </div>
      {shared && (
        <p class="shared">
          {shared.words.size} of the first {shared.of} neighbours are shared
          <span aria-hidden="true">
            {" "}
            (<span class="shared-sign">•</span>)
          </span>
          .
        </p>
      )}
      <Columns
        about={about}
        of={(other) => (
          <InModel
            about={about}
            model={model}
            id={id}
            word={word}
            other={other}
            shared={shared?.words}
            pointed={pointed}
            beside={other === model ? beside : null}
            onPoint={setPointed}
            onPick={onPick}
            onBeside={onBeside}
          />
        )}
      />
    </>
  );
}

interface InModelProps {
  about: About;
  model: number;
  id: Id;
  word: string;
  other: number;
  shared: ReadonlySet<string> | undefined;
  pointed: string | null;
  beside: Id | null;
  onPoint: (word: string | null) => void;
  onPick: (model: number, id: Id) => void;
  onBeside: (model: number, id: Id, beside: Id | null) => void;
}

/** The word in one of the models. */
function InModel({ about, model, id, word, other, ...rest }: InModelProps) {
  const there = useSame([id], model, other);
  const one = about.models[other];
  const found = there.value?.[0];
  if (there.error || !one) return <Note error={there.error} />;
  if (found === null) {
    return (
      <Quiet>
        “<Text word={word} />” is not in this model.
      </Quiet>
    );
  }
  if (found === undefined) return null;
  return <Around one={one} exported={about.exported} model={other} id={found} {...rest} />;
}

interface AroundProps {
  one: Model;
  exported: boolean;
  model: number;
  id: Id;
  shared: ReadonlySet<string> | undefined;
  pointed: string | null;
  beside: Id | null;
  onPoint: (word: string | null) => void;
  onPick: (model: number, id: Id) => void;
  onBeside: (model: number, id: Id, beside: Id | null) => void;
}

function Around(props: AroundProps) {
  const { one, exported, model, id, shared, pointed, beside, onPoint, onPick, onBeside } = props;
  const [more, setMore] = useState<Id | null>(null);
  const answer = useAnswer("neighbours", { model, id, n: NUMBERS.neighbours });
  const longer = useAnswer("neighbours", more === id ? { model, id, n: MOST } : null);
  const known = longer.value ?? answer.value;
  if (!known) return <Note error={answer.error} />;
  const canShowMore = !exported && one.words > NUMBERS.neighbours + 1;
  const why = {
    has: (row: Scored) => answerable("sentences", { model, a: id, b: row.id }),
    unfolded: beside,
    onUnfold: (other: Id | null) => onBeside(model, id, other),
    of: (row: Scored) => <Why model={model} a={known} b={row} onPick={(id) => onPick(model, id)} />,
  };
  return (
    <>
      <Facts known={known} one={one} />
      <h3 class="section">Nearest</h3>
      <Bars
        label={`Words nearest to ${visible(known.word)}`}
        rows={known.neighbours}
        {...(shared && { shared })}
        pointed={pointed}
        onPoint={onPoint}
        onPick={(id) => onPick(model, id)}
        {...(one.sentences && { why })}
      />
      {known.neighbours.length === 0 && <Quiet>No other word.</Quiet>}
      {canShowMore && more !== id && (
        <button type="button" class="small more" onClick={() => setMore(id)}>
          Show {Math.min(MOST, one.words - 1)}
        </button>
      )}
      <Note error={longer.error} />
      {one.predicts && answerable("predict", { model, id, n: NUMBERS.predict }) && (
        <Expected model={model} id={id} word={known.word} onPick={(id) => onPick(model, id)} />
      )}
    </>
  );
}

function Facts({ known, one }: { known: Neighbours; one: Model }) {
  return (
    <p class="facts apart">
      {known.count !== null && <span>{seen(known.count)}</span>}
      <span>
        No. {grouped(known.id + 1)} of {grouped(one.words)}
      </span>
    </p>
  );
}

function seen(count: number): string {
  return count === 1 ? "Occurs once" : `Occurs ${grouped(count)} times`;
}

interface ExpectedProps {
  model: number;
  id: Id;
  word: string;
  onPick: (id: Id) => void;
}

/** What the model expects in the window around a word. */
function Expected({ model, id, word, onPick }: ExpectedProps) {
  const { value, error } = useAnswer("predict", { model, id, n: NUMBERS.predict });
  return (
    <>
      <h3 class="section">
        Expected around it <span class="formula">P(outside | center)</span>
      </h3>
      <Note error={error} />
      {value?.length === 0 && <Quiet>It never occurs next to another word.</Quiet>}
      {value && value.length > 0 && (
        <Bars
          label={`Words expected around ${visible(word)}`}
          rows={value}
          most={value[0]?.score ?? 1}
          figure={percent}
          onPick={onPick}
        />
      )}
    </>
  );
}

interface Shared {
  words: ReadonlySet<string>;
  /** How many neighbours were compared. */
  of: number;
}

/** The neighbours that two models share; null for a single model, or before the answers. */
function useShared(about: About, model: number, id: Id): Shared | null {
  const two = about.models.length === 2;
  const other = 1 - model;
  const same = useSame([id], model, two ? other : model).value?.[0] ?? null;
  const here = useAnswer("neighbours", two ? { model, id, n: NUMBERS.neighbours } : null).value;
  const there = useAnswer(
    "neighbours",
    two && same !== null ? { model: other, id: same, n: NUMBERS.neighbours } : null,
  ).value;
  if (!here || !there || here.word !== there.word) return null;
  const words = new Set(here.neighbours.map(({ word }) => word));
  const shared = there.neighbours.map(({ word }) => word).filter((word) => words.has(word));
  return { words: new Set(shared), of: Math.min(words.size, there.neighbours.length) };
}
