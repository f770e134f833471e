/** An exported page: the document answers what the server would. */

import { floats } from "../common/base64";
import { plain, visible } from "../common/text";
import type { Comparison, Id, Neighbours, Scored, Word } from "../contract/answers";
import type { Exported } from "../contract/exported";
import { address, type Questions } from "../contract/questions";
import { AnswerError } from "./errors";
import * as vectors from "./vectors";
import { parse, type View } from "./view";

const COSINE = 10_000; // cosines are kept as whole numbers of this

export interface Snapshot {
  view: View | null;
  /** The answer to a question; throws an `AnswerError` where the document does not hold it. */
  answer: <Name extends keyof Questions>(
    name: Name,
    params: Questions[Name]["params"],
  ) => Questions[Name]["answer"];
  /** Whether the document holds the answer as the server gave it. */
  holds: <Name extends keyof Questions>(name: Name, params: Questions[Name]["params"]) => boolean;
  /** The words of a model that analogies and comparisons are computed with, and among. */
  atHand: (model: number) => { size: number; has: (id: Id) => boolean };
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
      if (answer === undefined) throw new AnswerError("absent", "Not in this exported page.");
      return answer;
    },
    holds: (name, params) => recorded(kept, name, params) !== undefined,
    atHand: (model) => directionsOf(kept, model),
    points: (model) => floats(kept.points[model] ?? ""),
  };
}

type Computation<Name extends keyof Questions> = (
  kept: Exported,
  params: Questions[Name]["params"],
) => Questions[Name]["answer"] | undefined;

/** What is computed here where the document does not hold the answer itself. */
const COMPUTED: { [Name in keyof Questions]?: Computation<Name> } = {
  about: (kept) => kept.about,
  search,
  neighbours,
  analogy,
  compare,
  same,
};

function answered<Name extends keyof Questions>(
  kept: Exported,
  name: Name,
  params: Questions[Name]["params"],
): Questions[Name]["answer"] | undefined {
  const answer = recorded(kept, name, params);
  return answer === undefined ? COMPUTED[name]?.(kept, params) : answer;
}

function recorded<Name extends keyof Questions>(
  kept: Exported,
  name: Name,
  params: Questions[Name]["params"],
): Questions[Name]["answer"] | undefined {
  return kept.answers[address(name, params)] as Questions[Name]["answer"] | undefined;
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

const directionsRead = new Map<number, vectors.Directions>();

/** The vectors of a model, read when first asked for. */
function directionsOf(kept: Exported, model: number): vectors.Directions {
  const known = directionsRead.get(model);
  if (known) return known;
  const given = kept.vectors[model];
  const now: vectors.Directions = given ? vectors.directions(given) : new Map();
  directionsRead.set(model, now);
  return now;
}

function analogy(
  kept: Exported,
  { model, a, b, c, n, method }: Questions["analogy"]["params"],
): Scored[] {
  const known = directionsOf(kept, model);
  const rated = vectors.analogy(known, [a, b, c], method, n);
  return rated ? spelled(kept, model, rated) : missing(kept, model, [a, b, c]);
}

function compare(kept: Exported, { model, ids, n }: Questions["compare"]["params"]): Comparison {
  const asked = ids.split(",").map(Number);
  const found = vectors.compare(directionsOf(kept, model), asked, n);
  if (!found) return missing(kept, model, asked);
  const words = asked.map((id) => ({ id, word: spelling(kept, model, id) }));
  return { words, cosines: found.cosines, near: spelled(kept, model, found.near) };
}

function spelled(kept: Exported, model: number, rated: readonly vectors.Rated[]): Scored[] {
  return rated.map(({ id, score }) => ({ id, word: spelling(kept, model, id), score }));
}

function spelling(kept: Exported, model: number, id: Id): string {
  return answered(kept, "neighbours", { model, id, n: 1 })?.word ?? "";
}

function missing(kept: Exported, model: number, asked: readonly Id[]): never {
  const known = directionsOf(kept, model);
  const words = asked.filter((id) => !known.has(id)).map((id) => spelling(kept, model, id));
  const which = [...new Set(words)].map((word) => `“${visible(word)}”`).join(", ");
  const has = words.length === 1 ? "has no vector" : "have no vectors";
  throw new AnswerError(
    "absent",
    `${which} ${has} in this page. Open the model with wordkin explore for all words.`,
  );
}
