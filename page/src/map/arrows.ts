/** Arrows from a word to a word: with a head, and clear of both words' marks. */

import type { Rect } from "./placement";

export interface Point {
  x: number;
  y: number;
}

/** A straight line, so that like differences are seen to be parallel. */
export interface Arrow {
  from: Point;
  to: Point;
}

const CLEAR = 9; // pixels between the middle of a mark and the arrow
const HEAD = 9;
const STEP = 14;

/** The arrow between two points of the window; null: they are too close for one. */
export function arrowBetween(a: Point, b: Point): Arrow | null {
  if (Math.hypot(b.x - a.x, b.y - a.y) < 2 * CLEAR + HEAD) return null;
  return { from: towards(a, b, CLEAR), to: towards(b, a, CLEAR) };
}

function towards(from: Point, to: Point, distance: number): Point {
  const part = distance / Math.hypot(to.x - from.x, to.y - from.y);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

/** Small rectangles along an arrow: what labels should keep clear of. */
export function along({ from, to }: Arrow): Rect[] {
  const steps = Math.min(Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / STEP), 200);
  return Array.from({ length: steps + 1 }, (_, i) => {
    const x = from.x + ((to.x - from.x) * i) / steps;
    const y = from.y + ((to.y - from.y) * i) / steps;
    return { left: x - 4, top: y - 4, right: x + 4, bottom: y + 4 };
  });
}

export function drawArrow(context: CanvasRenderingContext2D, { from, to }: Arrow) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const neck = towards(to, from, HEAD - 2);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(neck.x, neck.y);
  context.stroke();
  context.beginPath();
  context.moveTo(to.x, to.y);
  for (const side of [-0.42, 0.42]) {
    context.lineTo(to.x - HEAD * Math.cos(angle + side), to.y - HEAD * Math.sin(angle + side));
  }
  context.fill();
}
