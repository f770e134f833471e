/** The answers of a training process. */

export interface Stage {
  name: "starting" | "reading" | "counting" | "training" | "descending" | "fitted";
  /** Number of the epoch or pass; 0 before the first pass. */
  number?: number;
  /** Total number of epochs. */
  of?: number;
  /** Size of the vocabulary of a pass. */
  words?: number;
  loss?: number | null;
  done?: number;
  total?: number | null;
  unit?: "bytes" | "sentences" | "words" | "ridges" | "pass";
}

/** The statistics of a finished epoch or pass. */
export interface Account {
  number: number;
  /** Its position on the axis of the chart: words trained on, or passes. */
  x: number;
  loss: number | null;
  held_out: number | null;
  /** The vocabulary of a pass; null: an epoch. */
  words: number | null;
  seconds: number;
}

/** A word, and the number of its point on the map, if it has one. */
interface Located {
  word: string;
  at: number | null;
}

export interface Neighbour extends Located {
  score: number;
  /** Whether it was not a neighbour in the previous sample. */
  fresh: boolean;
}

export interface Probe extends Located {
  neighbours: Neighbour[];
  /** How many of them the previous sample had, and the first. */
  stayed: number | null;
  from_first: number | null;
}

interface Frame {
  /** How many words were searched for neighbours; null for all. */
  searched: number | null;
  probes: Probe[];
  /** Float32, in base64. */
  points: string;
}

export interface Ended {
  how: "saved" | "failed" | "interrupted";
  facts: string[];
  command: string | null;
}

/** What is new since the last request. */
export interface News {
  moment: number;
  title: string;
  stage: Stage;
  elapsed: number;
  in_stage: number;
  left: number | null;
  speed: { recent: number | null; mean: number | null };
  /** Whether `loss` has all points so far, not only the new ones. */
  anew: boolean;
  loss: [number, number][];
  accounts: Account[];
  map: string[] | null;
  frame: Frame | null;
  ended: Ended | null;
}
