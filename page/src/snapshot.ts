/** An exported page: the document answers what the server would. */

import { address, type Exported, type Id, type Neighbours, type Questions, type Word } from "./api";
import { parse, type View } from "./hash";
import { Trouble } from "./trouble";
import { plain } from "./words";

const COSINE = 10_000; // cosines are kept as whole numbers of this

export interface Snapshot {
  view: View | null;
  /** The answer to a question; throws a `Trouble` where the document does not hold it. */
  answer: <Name extends keyof Questions>(
    name: Name,
    params: Questions[Name]["params"],
  ) => Questions[Name]["answer"];
  points: (model: number) => Float32Array;
}

export const snapshot: Snapshot | null = read();

function read(): Snapshot | null {
  const text = document.getElementById("snapshot")?.textContent;
  if (!text) return null;
  const kept = JSON.parse(text) as Exported;
  return {
    view: parse(kept.view),
    answer(name, params) {
      const answer = answered(kept, name, params);
      if (answer === undefined) throw new Trouble("absent", "Not in this exported page.");
      return answer;
    },
    points: (model) => floats(kept.points[model] ?? ""),
  };
}

type Worker<Name extends keyof Questions> = (
  kept: Exported,
  params: Questions[Name]["params"],
) => Questions[Name]["answer"] | undefined;

/** What is worked out here, where the document does not hold the answer itself. */
const WORKERS: { [Name in keyof Questions]?: Worker<Name> } = {
  about: (kept) => kept.about,
  search,
  neighbours,
  same,
};

function answered<Name extends keyof Questions>(
  kept: Exported,
  name: Name,
  params: Questions[Name]["params"],
): Questions[Name]["answer"] | undefined {
  const answer = kept.answers[address(name, params)] as Questions[Name]["answer"] | undefined;
  return answer ?? WORKERS[name]?.(kept, params);
}

function wordsOf(kept: Exported, model: number): readonly string[] {
  return (kept.answers[address("words", { model })] as string[] | undefined) ?? [];
}

/** Words that begin with the query, then those that contain it; the frequent ones first. */
function search(kept: Exported, { model, q, n }: Questions["search"]["params"]): Word[] {
  const wanted = plain(q.trim());
  const begin: Word[] = [];
  const contain: Word[] = [];
  for (const [id, word] of wordsOf(kept, model).entries()) {
    const at = word === q ? 0 : plain(word).indexOf(wanted);
    if (word === q) begin.unshift({ id, word });
    else if (at === 0 && begin.length < n) begin.push({ id, word });
    else if (at > 0 && contain.length < n) contain.push({ id, word });
  }
  return [...begin, ...contain].slice(0, n);
}

function neighbours(
  kept: Exported,
  { model, id, n }: Questions["neighbours"]["params"],
): Neighbours | undefined {
  const near = kept.near[model];
  const at = near?.of.indexOf(id) ?? -1;
  const words = wordsOf(kept, model);
  const word = words[id];
  if (word === undefined) return undefined;
  if (n === 1) return { id, word, count: null, neighbours: [] }; // its spelling is asked for
  if (!near || at < 0) return undefined;
  return {
    id,
    word,
    count: near.counts?.[at] ?? null,
    neighbours: (near.ids[at] ?? []).map((other, rank) => ({
      id: other,
      word: words[other] ?? "",
      score: (near.cosines[at]?.[rank] ?? 0) / COSINE,
    })),
  };
}

function same(
  kept: Exported,
  { model, id, other }: Questions["same"]["params"],
): Word | null | undefined {
  const word = wordsOf(kept, model)[id];
  if (word === undefined) return undefined;
  const there: Id = wordsOf(kept, other).indexOf(word);
  return there < 0 ? null : { id: there, word };
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
