/** The properties of a map. */

import type { Id } from "../contract/answers";

/** The role of a marked word, which decides its colour; marked words are always labelled. */
export type Role = "asked" | "answer" | "other";

export interface MapProps {
  /** For screen readers. */
  title: string;
  /** The word of each point, and the points: x0, y0, x1, y1, … A new array is a new map. */
  words: readonly string[];
  points: Float32Array;
  /** Words to mark and always label; may contain ids that are not on the map. */
  marked: ReadonlyMap<Id, Role>;
  /** Each from one word to another. */
  arrows: readonly (readonly [Id, Id])[];
  /** Words to zoom to: the smallest view with all of these; empty for the whole map. */
  view: readonly Id[];
  /** Whether to animate in few steps, to leave the processor to training. */
  sparing?: boolean;
  onPick: (id: Id) => void;
}
