/** Analogies and comparisons, computed among the words whose vectors the document has. */

import { halves } from "../common/base64";
import type { Id } from "../contract/answers";
import type { Vectors } from "../contract/exported";
import type { Method } from "../contract/questions";
import type { Slots } from "./view";

type Vector = Float64Array;

/** Words and their vectors, of length 1 or zero. */
export type Directions = ReadonlyMap<Id, Vector>;

export interface Rated {
  id: Id;
  score: number;
}

const EPSILON = 1e-6; // added to the denominator of 3CosMul

/** The vectors of an exported document, in the order of its words. */
export function directions({ of, units }: Vectors): Directions {
  const rows = halves(units);
  const dim = rows.length / of.length;
  // Rounding to float16 has changed their lengths slightly.
  return new Map(of.map((id, at) => [id, unit(rows.subarray(at * dim, (at + 1) * dim))]));
}

/** Answers to "a is to b as c is to ?"; null if a word has no vector here. */
export function analogy(
  vectors: Directions,
  ids: Slots,
  method: Method,
  n: number,
): Rated[] | null {
  const [a, b, c] = ids.map((id) => (id === null ? undefined : vectors.get(id)));
  if (!a || !b || !c) return null;
  if (method === "add") return best(vectors, ids, nearnessTo(meanOf([b, c], [a])), n);
  const score = (row: Vector) => (share(row, b) * share(row, c)) / (share(row, a) + EPSILON);
  return best(vectors, ids, score, n);
}

/** Cosines of all pairs, and the words nearest to the mean; null if a word has no vector here. */
export function compare(vectors: Directions, ids: readonly Id[], n: number) {
  const rows = ids.map((id) => vectors.get(id)).filter((row) => row !== undefined);
  if (rows.length < ids.length) return null;
  const cosines = rows.map((row) => rows.map(nearnessTo(row)));
  return { cosines, near: best(vectors, ids, nearnessTo(meanOf(rows, [])), n) };
}

/** The words with the highest scores, without the queried ones; ties in the order of the words. */
function best(
  vectors: Directions,
  queried: readonly (Id | null)[],
  score: (row: Vector) => number,
  n: number,
): Rated[] {
  return [...vectors]
    .filter(([id]) => !queried.includes(id))
    .map(([id, row]) => ({ id, score: score(row) }))
    .sort((one, other) => other.score - one.score)
    .slice(0, n);
}

function meanOf(near: readonly Vector[], far: readonly Vector[]): Vector {
  const sum = (rows: readonly Vector[], at: number) =>
    rows.reduce((total, row) => total + (row[at] ?? 0), 0);
  return unit(Float64Array.from(near[0] ?? [], (_, at) => sum(near, at) - sum(far, at)));
}

/** The cosine with a vector. */
function nearnessTo(wanted: Vector): (row: Vector) => number {
  return (row) => Math.min(1, Math.max(-1, product(row, wanted)));
}

/** A cosine moved to 0 … 1. */
function share(a: Vector, b: Vector): number {
  return (1 + nearnessTo(b)(a)) / 2;
}

function unit(row: Vector): Vector {
  const length = Math.sqrt(product(row, row));
  return length > 0 ? row.map((number) => number / length) : row;
}

function product(a: Vector, b: Vector): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
