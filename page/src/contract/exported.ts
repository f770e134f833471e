/** What an exported page holds in place of a server. */

import type { About, Id } from "./answers";

/**
 * What an exported page holds, as JSON in its element `snapshot`. The server gives it at
 * `api/export?view=…`, where `view` is the hash of the address, `#` left out.
 */
export interface Exported {
  about: About;
  /** By their addresses: the words of all maps, and what the view asks of all models. */
  answers: Record<string, unknown>;
  /** Of each model the points of its map: little-endian float32 as base64. */
  points: string[];
  /** Of each model the neighbours of its most frequent words, and of those in the answers. */
  near: Near[];
  /** Of each model vectors of the same words, as many as fit. */
  vectors: Vectors[];
  view: string;
}

/** Neighbours of many words, `NUMBERS.neighbours` of each. */
export interface Near {
  of: Id[];
  /** How often each of these was seen; null: that is not known. */
  counts: number[] | null;
  /** Of each of these the neighbours, and their cosines in ten-thousandths. */
  ids: Id[][];
  cosines: number[][];
}

/** Vectors for analogies and comparisons that the view did not ask for. */
export interface Vectors {
  /** Rising. */
  of: Id[];
  /** Of each of these the vector, of length 1 or zero: little-endian float16 as base64. */
  units: string;
}
