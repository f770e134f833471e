/** What a process that is training answers. */

export interface Stage {
  name: "starting" | "reading" | "counting" | "choosing" | "training" | "descending" | "fitted";
  /** Of the epoch, or the pass over a vocabulary; 0: before the first pass. */
  number?: number;
  /** Epochs in all. */
  of?: number;
  /** The words of a pass. */
  words?: number;
  loss?: number | null;
  done?: number;
  total?: number | null;
  unit?: "bytes" | "sentences" | "words" | "ridges" | "pass";
}

/** An epoch or pass that is over. */
export interface Account {
  number: number;
  /** Its place on the axis of the chart: words trained on, or passes. */
  x: number;
  loss: number | null;
  held_out: number | null;
  /** The vocabulary of a pass; null: an epoch. */
  words: number | null;
  seconds: number;
}

/** A word, and its place on the map if it has one. */
interface Located {
  word: string;
  at: number | null;
}

export interface Neighbour extends Located {
  score: number;
  /** Whether it was no neighbour at the last look. */
  fresh: boolean;
}

export interface Probe extends Located {
  neighbours: Neighbour[];
  /** How many of them were there at the last look, and at the first. */
  stayed: number | null;
  from_first: number | null;
}

interface Frame {
  /** Among how many words neighbours were searched; null: all. */
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

/** What is new since the last question. */
export interface News {
  moment: number;
  title: string;
  stage: Stage;
  elapsed: number;
  in_stage: number;
  left: number | null;
  speed: { recent: number | null; mean: number | null };
  /** Whether `loss` stands for all points so far, not only for new ones. */
  anew: boolean;
  loss: [number, number][];
  accounts: Account[];
  map: string[] | null;
  frame: Frame | null;
  ended: Ended | null;
}
