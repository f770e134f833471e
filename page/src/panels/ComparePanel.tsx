import { threeDigits } from "../common/numbers";
import { Text, visible } from "../common/text";
import type { About, Comparison, Id } from "../contract/answers";
import { MOST_COMPARED, NUMBERS } from "../contract/questions";
import { useAnswer, useSame, useWord } from "../data/useAnswer";
import type { View } from "../data/view";
import { Bars } from "./Bars";
import { Columns } from "./Columns";
import { Among, Note, Quiet } from "./Note";
import { Suggestions } from "./Suggestions";

const SIDE_BY_SIDE = 3; // words up to which the matrices of two models fit beside each other
const ROOMY = 6; // words up to which cosines are shown with a decimal point

type Compare = Extract<View, { tab: "compare" }>;

interface ComparePanelProps {
  about: About;
  view: Compare;
  onView: (view: Compare) => void;
  /** Add a word. */
  onPick: (model: number, id: Id) => void;
  /** Open a word by itself. */
  onOpen: (model: number, id: Id) => void;
}

/** Several words: the cosines of all pairs, and the words near all of them. */
export function ComparePanel({ about, view, onView, onPick, onOpen }: ComparePanelProps) {
  const { ids, model } = view;
  const remove = (id: Id) => onView({ ...view, ids: ids.filter((other) => other !== id) });
  return (
    <>
      {ids.length > 0 && (
        <ul class="chips" aria-label="Words compared">
          {ids.map((id) => (
            <li key={id}>
              <Chip model={model} id={id} onRemove={() => remove(id)} />
            </li>
          ))}
          <li>
            <button type="button" class="small" onClick={() => onView({ ...view, ids: [] })}>
              Clear
            </button>
          </li>
        </ul>
      )}
      {ids.length < 2 ? (
        <>
          <Quiet>
            {ids.length === 0
              ? `Choose 2 to ${MOST_COMPARED} words: search for them, or click them here or on the map.`
              : "Choose at least one more: search for it, or click it here or on the map."}
          </Quiet>
          <Suggestions model={model} chosen={ids} onPick={(id) => onPick(model, id)} />
        </>
      ) : (
        <Columns
          about={about}
          stacked={ids.length > SIDE_BY_SIDE}
          of={(other) => (
            <Compared
              about={about}
              view={view}
              model={other}
              onPick={(id) => onPick(other, id)}
              onOpen={(id) => onOpen(other, id)}
            />
          )}
        />
      )}
      {ids.length === MOST_COMPARED && (
        <Quiet>A comparison has at most {MOST_COMPARED} words.</Quiet>
      )}
    </>
  );
}

function Chip({ model, id, onRemove }: { model: number; id: Id; onRemove: () => void }) {
  const word = useWord(model, id) ?? "…";
  return (
    <button
      type="button"
      class="chip chosen"
      aria-label={`Remove ${visible(word)}`}
      onClick={onRemove}
    >
      <Text word={word} />
      <span class="cross" aria-hidden="true">
        ×
      </span>
    </button>
  );
}

interface ComparedProps {
  about: About;
  view: Compare;
  model: number;
  onPick: (id: Id) => void;
  onOpen: (id: Id) => void;
}

function Compared({ about, view, model, onPick, onOpen }: ComparedProps) {
  const same = useSame(view.ids, view.model, model);
  const there = (same.value ?? []).filter((id) => id !== null);
  const missing = (same.value?.length ?? 0) - there.length;
  const params = there.length >= 2 ? { model, ids: there.join(), n: NUMBERS.compare } : null;
  const { value, error } = useAnswer("compare", params);
  const one = about.models[model];
  const wrong = same.error ?? error;
  return (
    <>
      <Note error={wrong} />
      {missing > 0 && (
        <Quiet>
          {missing} of the words {missing === 1 ? "is" : "are"} not in this model.
        </Quiet>
      )}
      {value && !wrong && (
        <>
          <Matrix comparison={value} onOpen={onOpen} />
          <h3 class="section">Nearest to all of them</h3>
          <Bars label="Nearest to all of them" rows={value.near} onPick={onPick} />
          {one && params && <Among of={one} name="compare" params={params} />}
        </>
      )}
    </>
  );
}

interface MatrixProps {
  comparison: Comparison;
  onOpen: (id: Id) => void;
}

/** The cosines of all pairs, as numbers with shades. */
function Matrix({ comparison: { words, cosines }, onOpen }: MatrixProps) {
  const dense = words.length > ROOMY;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it may be wider than the column
    <section class="matrix-frame" tabIndex={0} aria-label="Cosines of all pairs">
      {dense && <p class="facts">Cosines × 100</p>}
      <table class={dense ? "matrix dense" : "matrix"}>
        <thead>
          <tr>
            <td />
            {words.map(({ id, word }) => (
              <th key={id} scope="col">
                <span class="upright">
                  <Text word={word} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {words.map(({ id, word }, row) => (
            <tr key={id}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onOpen(id)}>
                  <Text word={word} />
                </button>
              </th>
              {words.map((other, column) => (
                <Cell
                  key={other.id}
                  cosine={cosines[row]?.[column] ?? 0}
                  own={row === column}
                  dense={dense}
                  pair={`${visible(word)}, ${visible(other.word)}`}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface CellProps {
  cosine: number;
  /** Of a word with itself. */
  own: boolean;
  dense: boolean;
  pair: string;
}

function Cell({ cosine, own, dense, pair }: CellProps) {
  const hundredths = Math.round(100 * cosine);
  if (own) return <td class="own">{!dense && 1}</td>;
  return (
    <td style={{ backgroundColor: tint(cosine) }} title={`${pair}: ${threeDigits(cosine)}`}>
      {hundredths < 0 && "−"}
      {dense ? Math.abs(hundredths) : pointed(Math.abs(hundredths))}
    </td>
  );
}

/** At most 60 % of the colour, so that the number stays legible in both themes. */
function tint(cosine: number): string {
  const share = Math.min(1, Math.abs(cosine)) * 60;
  const colour = cosine < 0 ? "--cold" : "--warm";
  return `color-mix(in oklab, var(${colour}) ${share.toFixed(0)}%, var(--raised))`;
}

/** 53 as .53, as in tables of correlations. */
function pointed(hundredths: number): string {
  return hundredths === 100 ? "1" : `.${String(hundredths).padStart(2, "0")}`;
}
