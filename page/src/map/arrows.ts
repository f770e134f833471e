/** Arrows from a word to a word: slightly bent, with a head, and clear of both words' marks. */

import type { Rect } from "./labels";

export interface Point {
  x: number;
  y: number;
}

/** A quadratic curve: its ends, and the point that bends it. */
export interface Arrow {
  from: Point;
  bend: Point;
  to: Point;
}

const BEND = 0.12; // of the length
const CLEAR = 9; // pixels between the middle of a mark and the arrow
const HEAD = 9;
const STEP = 14;

/** The arrow between two points of the window; null: they are too close for one. */
export function arrowBetween(a: Point, b: Point): Arrow | null {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  if (length < 2 * CLEAR + HEAD) return null;
  const bend = { x: (a.x + b.x) / 2 + BEND * dy, y: (a.y + b.y) / 2 - BEND * dx };
  return { from: towards(a, bend, CLEAR), bend, to: towards(b, bend, CLEAR) };
}

function towards(from: Point, to: Point, distance: number): Point {
  const part = distance / Math.hypot(to.x - from.x, to.y - from.y);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

/** Small rectangles along an arrow: what labels should keep clear of. */
export function along({ from, bend, to }: Arrow): Rect[] {
  const steps = Math.min(Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / STEP), 200);
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    const x = (1 - t) ** 2 * from.x + 2 * t * (1 - t) * bend.x + t * t * to.x;
    const y = (1 - t) ** 2 * from.y + 2 * t * (1 - t) * bend.y + t * t * to.y;
    return { left: x - 4, top: y - 4, right: x + 4, bottom: y + 4 };
  });
}

export function drawArrow(context: CanvasRenderingContext2D, { from, bend, to }: Arrow) {
  const angle = Math.atan2(to.y - bend.y, to.x - bend.x);
  const neck = towards(to, bend, HEAD - 2);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.quadraticCurveTo(bend.x, bend.y, neck.x, neck.y);
  context.stroke();
  context.beginPath();
  context.moveTo(to.x, to.y);
  for (const side of [-0.42, 0.42]) {
    context.lineTo(to.x - HEAD * Math.cos(angle + side), to.y - HEAD * Math.sin(angle + side));
  }
  context.fill();
}
