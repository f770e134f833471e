/** What the server answers. */

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
  /** What people call it: mostly the name of its file; no two share it. */
  name: string;
  /** Words in all, and how many of them, the first, are on the map. */
  words: number;
  mapped: number;
  dim: number;
  /** How the map was made: "PCA", "UMAP", … and whether a better one is on its way. */
  layout: string;
  pending: string | null;
  /** Words that its map always labels, and arrows that it always has. */
  named: Id[];
  arrows: [Id, Id][];
  /** One line on how it was trained, or on what its map shows, if that is known. */
  origin: string;
  /** Whether it tells P(outside | center), and whether sentences of its corpus are at hand. */
  predicts: boolean;
  sentences: boolean;
}

export interface About {
  version: string;
  models: Model[];
  /** Whether a run is being followed instead: then there are no models yet. */
  live: boolean;
  /** Whether the page was exported, and is as it was then. */
  exported: boolean;
}

export interface Neighbours {
  id: Id;
  word: string;
  /** How often it was seen, if that is known, and its place by frequency, from 1 on. */
  count: number | null;
  neighbours: Scored[];
}

export interface Comparison {
  words: Word[];
  /** Cosines of all pairs. */
  cosines: number[][];
  /** The words nearest to all of them together. */
  near: Scored[];
}

export interface Sentence {
  /** Its words, and for each: 0 an ordinary word, 1 one of the two asked about, 2 what they share. */
  words: string[];
  marks: number[];
}

export interface Sentences {
  /** How many lines hold each of the two words, and both of them: as far as the text was read. */
  lines: [number, number, number];
  /** Whether it was read to its end. */
  complete: boolean;
  /** Words seen around both, those that say most first, with sentences of each of the two. */
  shared: { id: Id; word: string; a: Sentence[]; b: Sentence[] }[];
  /** Sentences with both words in one window. */
  together: Sentence[];
}
