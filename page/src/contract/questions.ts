/**
 * The requests of the page to the server, and their addresses.
 *
 * A request carries ids and words, never paths. An exported page has no server: the document holds
 * the answers, by the same addresses.
 */

import type {
  About,
  Comparison,
  Composed,
  Id,
  Neighbours,
  Scored,
  Sentences,
  Word,
} from "./answers";

/** How an analogy is scored: by a sum of cosines, or by a product of them. */
export type Method = "add" | "mul";

export interface Questions {
  about: { params: Record<string, never>; answer: About };
  /** The words of the map, in the order of its points. */
  words: { params: { model: number }; answer: string[] };
  /** Words that begin with `q`, contain it, or are spelled like it; the frequent ones first. */
  search: { params: { model: number; q: string; n: number }; answer: Word[] };
  /** The neighbours of a word outside the vocabulary; null if it is inside, or has no known n-gram. */
  composed: { params: { model: number; q: string; n: number }; answer: Composed | null };
  neighbours: { params: { model: number; id: Id; n: number }; answer: Neighbours };
  /** a is to b as c is to the answers. */
  analogy: {
    params: { model: number; a: Id; b: Id; c: Id; n: number; method: Method };
    answer: Scored[];
  };
  /** `ids` are separated by commas, 2 to `MOST_COMPARED` of them. */
  compare: { params: { model: number; ids: string; n: number }; answer: Comparison };
  predict: { params: { model: number; id: Id; n: number }; answer: Scored[] };
  sentences: { params: { model: number; a: Id; b: Id }; answer: Sentences };
  /** The same word in another model; null if it is not there. */
  same: { params: { model: number; id: Id; other: number }; answer: Word | null };
}

/** How many results the page requests; an exported page holds exactly these answers. */
export const NUMBERS = { neighbours: 20, analogy: 10, compare: 10, predict: 10 } as const;

/** How many words can be compared at once. */
export const MOST_COMPARED = 12;

export type Params = Record<string, string | number>;

/** The address of a request; equal requests have equal addresses. */
export function address(name: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(params).sort()) query.set(key, String(params[key]));
  const text = query.toString();
  return `api/${name}${text ? `?${text}` : ""}`;
}
