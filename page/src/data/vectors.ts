/** Analogies and comparisons from vectors: what a server answers, but among the words at hand. */

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

const EPSILON = 1e-6; // what 3CosMul adds to its denominator

/** The vectors of an exported document, its words in their order. */
export function directions({ of, units }: Vectors): Directions {
  const rows = halves(units);
  const dim = rows.length / of.length;
  // Rounding has changed the last digits of their lengths.
  return new Map(of.map((id, at) => [id, unit(rows.subarray(at * dim, (at + 1) * dim))]));
}

/** a is to b as c is to the answers; null: not all of the words are at hand. */
export function analogy(known: Directions, ids: Slots, method: Method, n: number): Rated[] | null {
  const [a, b, c] = ids.map((id) => (id === null ? undefined : known.get(id)));
  if (!a || !b || !c) return null;
  if (method === "add") return best(known, ids, nearnessTo(meanOf([b, c], [a])), n);
  const score = (row: Vector) => (share(row, b) * share(row, c)) / (share(row, a) + EPSILON);
  return best(known, ids, score, n);
}

/** Cosines of all pairs, and the words nearest to all together; null: not all are at hand. */
export function compare(known: Directions, ids: readonly Id[], n: number) {
  const rows = ids.map((id) => known.get(id)).filter((row) => row !== undefined);
  if (rows.length < ids.length) return null;
  const cosines = rows.map((row) => rows.map(nearnessTo(row)));
  return { cosines, near: best(known, ids, nearnessTo(meanOf(rows, [])), n) };
}

/** The words with the highest scores, those asked about left out; ties in the order of the words. */
function best(
  known: Directions,
  asked: readonly (Id | null)[],
  score: (row: Vector) => number,
  n: number,
): Rated[] {
  return [...known]
    .filter(([id]) => !asked.includes(id))
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
