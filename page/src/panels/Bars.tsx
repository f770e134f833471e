import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { threeDigits } from "../common/numbers";
import { Text, visible } from "../common/text";
import type { Id, Scored } from "../contract/answers";

interface BarsProps {
  /** For screen readers. */
  label: string;
  rows: readonly Scored[];
  /** The score of a bar that is full. */
  most?: number;
  /** How a score is shown. */
  figure?: (score: number) => string;
  /** Words that are in both of two lists; the others are marked. */
  shared?: ReadonlySet<string>;
  /** The word under the pointer, to highlight it in the other list. */
  pointed?: string | null;
  onPoint?: (word: string | null) => void;
  onPick: (id: Id) => void;
  /** Details that unfold under a word. */
  why?: Unfolding;
}

export interface Unfolding {
  /** Whether a word has details. */
  has: (row: Scored) => boolean;
  unfolded: Id | null;
  onUnfold: (id: Id | null) => void;
  of: (row: Scored) => ComponentChildren;
}

/** Words with bars: a list of buttons with arrow-key navigation. */
export function Bars(props: BarsProps) {
  const { rows, most = 1, figure = threeDigits, shared, pointed, why } = props;
  const [stop, setStop] = useState(0);
  const reachable = stop < rows.length ? stop : 0;
  const list = useRef<HTMLOListElement>(null);
  const byKey = useRef(false);
  const open = (id: Id) => (event: MouseEvent) => {
    byKey.current = event.detail === 0;
    props.onPick(id);
  };

  // After a word was opened by key, the focus goes to the top of its list.
  useEffect(() => {
    setStop(0);
    if (byKey.current) list.current?.querySelector<HTMLElement>(".bar")?.focus();
    byKey.current = false;
  }, [rows]);

  const point = (word: string | null) => () => props.onPoint?.(word);
  return (
    <ol ref={list} class="bars" aria-label={props.label} onKeyDown={move}>
      {rows.map((row, at) => {
        const alone = shared !== undefined && !shared.has(row.word);
        const folded = why?.unfolded !== row.id;
        const tabIndex = at === reachable ? 0 : -1;
        return (
          <li key={row.id} class={row.word === pointed ? "pointed" : undefined}>
            <button
              type="button"
              class={shared ? `bar ${alone ? "alone" : "both"}` : "bar"}
              tabIndex={tabIndex}
              onClick={open(row.id)}
              onFocus={() => setStop(at)}
              onMouseEnter={point(row.word)}
              onMouseLeave={point(null)}
            >
              <Text word={row.word} />
              {alone && <span class="unseen">, only in this model,</span>}
              <span class="track" aria-hidden="true">
                <span
                  class="fill"
                  style={{ width: `${100 * Math.min(1, Math.max(0, row.score / most))}%` }}
                />
              </span>
              <span class="value">{figure(row.score)}</span>
            </button>
            {why?.has(row) && (
              <button
                type="button"
                class="why"
                tabIndex={tabIndex}
                aria-expanded={!folded}
                aria-label={`Why is ${visible(row.word)} near?`}
                onClick={() => why.onUnfold(folded ? row.id : null)}
              >
                Why?
              </button>
            )}
            {!folded && <div class="unfolded">{why?.of(row)}</div>}
          </li>
        );
      })}
    </ol>
  );
}

/** Arrow keys: up and down between words, right to the "Why?" of a row. */
function move(event: KeyboardEvent & { currentTarget: HTMLElement }) {
  const row = (event.target as HTMLElement).closest("li");
  if (!row || (event.target as HTMLElement).closest(".unfolded")) return;
  const rows = [...event.currentTarget.children];
  const at = rows.indexOf(row);
  const to: Record<string, Element | null | undefined> = {
    ArrowDown: rows[at + 1]?.querySelector(".bar"),
    ArrowUp: rows[at - 1]?.querySelector(".bar"),
    Home: rows[0]?.querySelector(".bar"),
    End: rows.at(-1)?.querySelector(".bar"),
    ArrowRight: row.querySelector(".why"),
    ArrowLeft: row.querySelector(".bar"),
  };
  if (!(event.key in to)) return;
  event.preventDefault();
  const next = to[event.key];
  if (next instanceof HTMLElement) next.focus();
}
