/**
 * What the page asks of the server, and what it is told: the one place that knows the addresses.
 *
 * A request carries ids and words, never paths. An exported page has no server: its answers stand in
 * the document, under the addresses that they were given at.
 */

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

export interface Questions {
  about: { params: Record<string, never>; answer: About };
  /** The words of the map, in the order of its points. */
  words: { params: { model: number }; answer: string[] };
  /** Words that `q` may mean: begins with, contains, is spelled like; the frequent ones first. */
  search: { params: { model: number; q: string; n: number }; answer: Word[] };
  neighbours: { params: { model: number; id: Id; n: number }; answer: Neighbours };
  /** a is to b as c is to the answers. */
  analogy: {
    params: { model: number; a: Id; b: Id; c: Id; n: number; method: "add" | "mul" };
    answer: Scored[];
  };
  /** `ids` are separated by commas, 2 to 12 of them. */
  compare: { params: { model: number; ids: string; n: number }; answer: Comparison };
  predict: { params: { model: number; id: Id; n: number }; answer: Scored[] };
  sentences: { params: { model: number; a: Id; b: Id }; answer: Sentences };
  /** The same word in another model; null: it is not there. */
  same: { params: { model: number; id: Id; other: number }; answer: Word | null };
}

/** How many answers the page asks for; an exported page holds answers to exactly these questions. */
export const NUMBERS = { neighbours: 20, analogy: 10, compare: 10, predict: 10 } as const;

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

export type Params = Record<string, string | number>;

/** The address of a question; of equal questions the same, to the letter. */
export function address(name: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(params).sort()) query.set(key, String(params[key]));
  const text = query.toString();
  return `api/${name}${text ? `?${text}` : ""}`;
}
