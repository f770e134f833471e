/** An exported page: answers come from the document instead of the server. */

import { floats } from "../common/base64";
import { plain, visible } from "../common/text";
import type { Comparison, Id, Neighbours, Scored, Word } from "../contract/answers";
import type { Exported } from "../contract/exported";
import { address, type Questions } from "../contract/questions";
import { AnswerError } from "./errors";
import * as vectors from "./vectors";
import { parse, type View } from "./view";

const COSINE = 10_000; // cosines are stored in ten-thousandths

export interface Snapshot {
  view: View | null;
  /** The answer to a request; throws an `AnswerError` if the document does not hold it. */
  answer: <Name extends keyof Questions>(
    name: Name,
    params: Questions[Name]["params"],
  ) => Questions[Name]["answer"];
  /** Whether the document holds the answer as the server gave it. */
  holds: <Name extends keyof Questions>(name: Name, params: Questions[Name]["params"]) => boolean;
  /** The words of a model whose vectors are in the document. */
  atHand: (model: number) => { size: number; has: (id: Id) => boolean };
  points: (model: number) => Float32Array;
}

export const snapshot: Snapshot | null = read();

function read(): Snapshot | null {
  const text = document.getElementById("snapshot")?.textContent;
  if (!text) return null;
  const data = JSON.parse(text) as Exported;
  return {
    view: parse(data.view),
    answer(name, params) {
      const answer = answered(data, name, params);
      if (answer === undefined) throw new AnswerError("absent", "Not in this exported page.");
      return answer;
    },
    holds: (name, params) => recorded(data, name, params) !== undefined,
    atHand: (model) => directionsOf(data, model),
    points: (model) => floats(data.points[model] ?? ""),
  };
}

type Computation<Name extends keyof Questions> = (
  data: Exported,
  params: Questions[Name]["params"],
) => Questions[Name]["answer"] | undefined;

/** Answers that are computed here if the document does not hold them. */
const COMPUTED: { [Name in keyof Questions]?: Computation<Name> } = {
  about: (data) => data.about,
  search,
  neighbours,
  analogy,
  compare,
  same,
};

function answered<Name extends keyof Questions>(
  data: Exported,
  name: Name,
  params: Questions[Name]["params"],
): Questions[Name]["answer"] | undefined {
  const answer = recorded(data, name, params);
  return answer === undefined ? COMPUTED[name]?.(data, params) : answer;
}

function recorded<Name extends keyof Questions>(
  data: Exported,
  name: Name,
  params: Questions[Name]["params"],
): Questions[Name]["answer"] | undefined {
  return data.answers[address(name, params)] as Questions[Name]["answer"] | undefined;
}

function wordsOf(data: Exported, model: number): readonly string[] {
  return (data.answers[address("words", { model })] as string[] | undefined) ?? [];
}

/** Words that begin with the query, then those that contain it; the frequent ones first. */
function search(data: Exported, { model, q, n }: Questions["search"]["params"]): Word[] {
  const wanted = plain(q.trim());
  const begin: Word[] = [];
  const contain: Word[] = [];
  for (const [id, word] of wordsOf(data, model).entries()) {
    const at = word === q ? 0 : plain(word).indexOf(wanted);
    if (word === q) begin.unshift({ id, word });
    else if (at === 0 && begin.length < n) begin.push({ id, word });
    else if (at > 0 && contain.length < n) contain.push({ id, word });
  }
  return [...begin, ...contain].slice(0, n);
}

function neighbours(
  data: Exported,
  { model, id, n }: Questions["neighbours"]["params"],
): Neighbours | undefined {
  const near = data.near[model];
  const at = near?.of.indexOf(id) ?? -1;
  const words = wordsOf(data, model);
  const word = words[id];
  if (word === undefined) return undefined;
  if (n === 1) return { id, word, count: null, neighbours: [] }; // only the spelling is requested
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
  data: Exported,
  { model, id, other }: Questions["same"]["params"],
): Word | null | undefined {
  const word = wordsOf(data, model)[id];
  if (word === undefined) return undefined;
  const there: Id = wordsOf(data, other).indexOf(word);
  return there < 0 ? null : { id: there, word };
}

const directionsRead = new Map<number, vectors.Directions>();

/** The vectors of a model, decoded on first use. */
function directionsOf(data: Exported, model: number): vectors.Directions {
  const directions = directionsRead.get(model);
  if (directions) return directions;
  const given = data.vectors[model];
  const now: vectors.Directions = given ? vectors.directions(given) : new Map();
  directionsRead.set(model, now);
  return now;
}

function analogy(
  data: Exported,
  { model, a, b, c, n, method }: Questions["analogy"]["params"],
): Scored[] {
  const directions = directionsOf(data, model);
  const rated = vectors.analogy(directions, [a, b, c], method, n);
  return rated ? spelled(data, model, rated) : missing(data, model, [a, b, c]);
}

function compare(
  data: Exported,
  { model, ids: text, n }: Questions["compare"]["params"],
): Comparison {
  const ids = text.split(",").map(Number);
  const found = vectors.compare(directionsOf(data, model), ids, n);
  if (!found) return missing(data, model, ids);
  const words = ids.map((id) => ({ id, word: spelling(data, model, id) }));
  return { words, cosines: found.cosines, near: spelled(data, model, found.near) };
}

function spelled(data: Exported, model: number, rated: readonly vectors.Rated[]): Scored[] {
  return rated.map(({ id, score }) => ({ id, word: spelling(data, model, id), score }));
}

function spelling(data: Exported, model: number, id: Id): string {
  return answered(data, "neighbours", { model, id, n: 1 })?.word ?? "";
}

function missing(data: Exported, model: number, ids: readonly Id[]): never {
  const directions = directionsOf(data, model);
  const words = ids.filter((id) => !directions.has(id)).map((id) => spelling(data, model, id));
  const which = [...new Set(words)].map((word) => `“${visible(word)}”`).join(", ");
  const has = words.length === 1 ? "has no vector" : "have no vectors";
  throw new AnswerError(
    "absent",
    `${which} ${has} in this page. Open the model with wordkin explore for all words.`,
  );
}
