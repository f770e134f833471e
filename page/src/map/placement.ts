/**
 * Places labels: each beside its point, without overlap, in the given order.
 *
 * In: sizes of texts and points in the window. Out: rectangles. Draws nothing.
 */

import type { Id } from "../contract/answers";
import type { Size } from "./viewport";

export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Candidate {
  id: Id;
  /** Its point in the window, and how far from it a label begins. */
  x: number;
  y: number;
  gap: number;
  width: number;
  height: number;
  /** How many rings of places around the point may be tried; beyond the first a line leads back. */
  rings: number;
  /** The place that it had, to be tried before the others. */
  place: number;
}

export interface Placed {
  id: Id;
  place: number;
  rect: Rect;
}

const EDGE = 3; // pixels to the edge of the window
const CELL: readonly [number, number] = [96, 24];
const RING = 20;
// Least distance of a label to other points, by the gap to its own: a label is read as that of a
// point on its line from further off than above or below it.
const CLEAR: readonly [number, number] = [4, 2];
const SAME = 2; // pixels between points that are one to the eye
const LEAST = 5200; // square pixels to a label, at most zoom
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
];

/** Rectangles in the window, which places are still free, and whose names they would seem to be. */
export class Occupied {
  private readonly cells: Rect[][];
  private readonly points: (readonly [number, number])[] = [];
  private readonly labels: Rect[] = [];
  private readonly across: number;

  constructor(private readonly size: Size) {
    this.across = Math.ceil(size.width / CELL[0]) + 1;
    const down = Math.ceil(size.height / CELL[1]) + 1;
    this.cells = Array.from({ length: this.across * down }, () => []);
  }

  /** Whether a rectangle lies in the window and meets no other. */
  free(rect: Rect): boolean {
    const { width, height } = this.size;
    if (rect.left < EDGE || rect.top < EDGE) return false;
    if (rect.right > width - EDGE || rect.bottom > height - EDGE) return false;
    return this.under(rect).every((cell) => !cell.some((taken) => meet(taken, rect)));
  }

  take(rect: Rect) {
    for (const cell of this.under(rect)) cell.push(rect);
  }

  /** Add a point that has a label or should have one. */
  name(x: number, y: number) {
    this.points.push([x, y]);
  }

  /** Take the rectangle of a label. */
  label(rect: Rect) {
    this.take(rect);
    this.labels.push(rect);
  }

  /** Whether a label would be far enough from all points but its own not to seem to be theirs. */
  clear(rect: Rect, { x, y, gap }: Candidate): boolean {
    return this.points.every(
      ([px, py]) => !near(rect, px, py, gap) || Math.hypot(px - x, py - y) < SAME,
    );
  }

  /** Whether a point is far enough from all labels so far that none would seem to be its own. */
  alone({ x, y, gap }: Candidate): boolean {
    return this.labels.every((rect) => !near(rect, x, y, gap));
  }

  private under(rect: Rect): Rect[][] {
    const cells: Rect[][] = [];
    const right = Math.min(rect.right, this.size.width);
    const bottom = Math.min(rect.bottom, this.size.height);
    for (let y = Math.max(Math.floor(rect.top / CELL[1]), 0); y * CELL[1] <= bottom; y++) {
      for (let x = Math.max(Math.floor(rect.left / CELL[0]), 0); x * CELL[0] <= right; x++) {
        cells.push(this.cells[y * this.across + x] as Rect[]);
      }
    }
    return cells;
  }
}

export function meet(a: Rect, b: Rect): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** Whether a label would seem to be that of a point, where it is `gap` from its own. */
function near(rect: Rect, x: number, y: number, gap: number): boolean {
  const across = Math.max(rect.left - x, 0, x - rect.right) / (CLEAR[0] * gap);
  if (across >= 1) return false;
  const up = Math.max(rect.top - y, 0, y - rect.bottom) / (CLEAR[1] * gap);
  return across * across + up * up < 1;
}

export function inside(rect: Rect, x: number, y: number): boolean {
  return rect.left <= x && x <= rect.right && rect.top <= y && y <= rect.bottom;
}

/**
 * Place as many labels as there is room for, at most `most`, those given first before others.
 *
 * A label right beside its point is much closer to it than to all other points that have labels;
 * one further off has a line to its point.
 */
export function place(candidates: Iterable<Candidate>, occupied: Occupied, most: number): Placed[] {
  const placed: Placed[] = [];
  for (const candidate of candidates) {
    if (placed.length >= most) break;
    const found = placeOne(candidate, occupied);
    if (!found) continue;
    occupied.label(found.rect);
    occupied.name(candidate.x, candidate.y);
    placed.push(found);
  }
  return placed;
}

function placeOne(candidate: Candidate, occupied: Occupied): Placed | null {
  const { id, rings } = candidate;
  if (rings === 1 && !occupied.alone(candidate)) return null;
  const places = Array.from({ length: DIRECTIONS.length * rings }, (_, place) => place);
  for (const place of candidate.place >= 0 ? [candidate.place, ...places] : places) {
    const rect = rectAt(candidate, place);
    if (occupied.free(rect) && (led(place) || occupied.clear(rect, candidate))) {
      return { id, place, rect };
    }
  }
  return null;
}

/** The rectangle of a label at a place: one of eight directions, a ring further for each eight. */
export function rectAt({ x, y, gap, width, height }: Candidate, place: number): Rect {
  const [dx, dy] = DIRECTIONS[place % DIRECTIONS.length] as readonly [number, number];
  const away = gap * (dx && dy ? 0.5 : 1) + RING * Math.floor(place / DIRECTIONS.length);
  const left = Math.round(x + dx * (away + width / 2) - width / 2);
  const top = Math.round(y + dy * (away + height / 2) - height / 2);
  return { left, top, right: left + width, bottom: top + height };
}

/** Whether a place is so far from its point that a line must lead back to it. */
export function led(place: number): boolean {
  return place >= DIRECTIONS.length;
}

/** How many labels a window should have: the closer the zoom, the more. */
export function mostLabels(size: Size, zoom: number): number {
  const each = Math.max(LEAST, (2 * LEAST) / (1 + 0.5 * Math.log2(Math.max(zoom, 1))));
  return Math.ceil((size.width * size.height) / each);
}
