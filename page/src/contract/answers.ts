/** The answers of the server. */

/** The row number of a word in its model; in a map, the number of its point. */
export type Id = number;

export interface Word {
  id: Id;
  word: string;
}

export interface Scored extends Word {
  /** A cosine; of an analogy by product, that score. */
  score: number;
}

export interface Model {
  /** Display name, usually of its file; unique. */
  name: string;
  /** Number of words, and how many, the most frequent, are on the map. */
  words: number;
  mapped: number;
  dim: number;
  /** The layout of the map, such as "PCA", and one that is being computed to replace it. */
  layout: string;
  pending: string | null;
  /** Words that the map always labels, and arrows that it always shows. */
  named: Id[];
  arrows: [Id, Id][];
  /** One line on how it was trained, or on what its map shows; "" if unknown. */
  origin: string;
  /** Whether it composes vectors of other words from their n-grams, and can be asked for them. */
  composes: boolean;
  /** Whether it can predict P(outside | center), and whether its corpus is available. */
  predicts: boolean;
  sentences: boolean;
}

export interface About {
  version: string;
  models: Model[];
  /** Whether this is the page of a run, which has no models yet. */
  live: boolean;
  /** Whether the page is an exported document. */
  exported: boolean;
}

export interface Neighbours {
  id: Id;
  word: string;
  /** How often it occurs in the text; null if unknown. */
  count: number | null;
  neighbours: Scored[];
}

/** A word outside the vocabulary. */
export interface Composed {
  word: string;
  /** Of how many known n-grams its vector is composed. */
  ngrams: number;
  neighbours: Scored[];
}

export interface Comparison {
  words: Word[];
  /** Cosines of all pairs. */
  cosines: number[][];
  /** The words nearest to their mean. */
  near: Scored[];
}

export interface Sentence {
  /** Its words, with a mark each: 1 for the two queried words, 2 for the shared word, else 0. */
  words: string[];
  marks: number[];
}

export interface Sentences {
  /** Number of lines with each of the two words, and with both, in the text that was read. */
  lines: [number, number, number];
  /** Whether the text was read to its end. */
  complete: boolean;
  /** Words in both contexts, the most informative first, with sentences of each of the two. */
  shared: { id: Id; word: string; a: Sentence[]; b: Sentence[] }[];
  /** Sentences with both words in one window. */
  together: Sentence[];
}
