/** The data of an exported page, which replaces the server. */

import type { About, Id } from "./answers";

/**
 * JSON in the element `snapshot` of an exported page. The server makes it at `api/export?view=…`,
 * where `view` is the hash of the address without `#`.
 */
export interface Exported {
  about: About;
  /** Answers by address: the words of all maps, and what the view requests of all models. */
  answers: Record<string, unknown>;
  /** The map points of each model: little-endian float32 as base64. */
  points: string[];
  /** For each model, neighbours of its most frequent words and of those in the answers. */
  near: Near[];
  /** For each model, vectors of the same words, as many as fit. */
  vectors: Vectors[];
  view: string;
}

/** Neighbours of many words, `NUMBERS.neighbours` of each. */
export interface Near {
  of: Id[];
  /** The count of each of these words; null if unknown. */
  counts: number[] | null;
  /** Their neighbours, and the cosines in ten-thousandths. */
  ids: Id[][];
  cosines: number[][];
}

/** Vectors, for analogies and comparisons that the answers do not contain. */
export interface Vectors {
  /** Word ids, rising. */
  of: Id[];
  /** Their vectors, of length 1 or zero: little-endian float16 as base64. */
  units: string;
}
