/** What a map is given to show. */

import type { Id } from "../contract/answers";

/** What a word on the map is to the question: it decides its colour and that its label is shown. */
export type Role = "asked" | "answer" | "other";

export interface MapProps {
  /** For screen readers. */
  title: string;
  /** The word of each point, and the points: x0, y0, x1, y1, … A new array is a new map. */
  words: readonly string[];
  points: Float32Array;
  /** Words to mark and label whatever else is labelled; may hold ids that are not on the map. */
  marked: ReadonlyMap<Id, Role>;
  /** From a word to a word. */
  arrows: readonly (readonly [Id, Id])[];
  /** What to fly to: the smallest view with all of these; empty: the whole map. */
  view: readonly Id[];
  /** Whether points move in few steps: what works beside the page needs the processor. */
  sparing?: boolean;
  onPick: (id: Id) => void;
}
