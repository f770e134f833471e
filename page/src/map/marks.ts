/** Marks of words, which differ in shape as well as in colour: a disc, a diamond, a ring. */

import type { Role } from "./types";

/** Half of what a mark takes, in CSS pixels. */
export const MARK = 7;

export function drawMark(
  context: CanvasRenderingContext2D,
  role: Role,
  x: number,
  y: number,
  colour: string,
  rim: string,
) {
  context.beginPath();
  if (role === "answer") {
    context.moveTo(x, y - 6.5);
    context.lineTo(x + 6.5, y);
    context.lineTo(x, y + 6.5);
    context.lineTo(x - 6.5, y);
    context.closePath();
  } else {
    context.arc(x, y, role === "asked" ? 6 : 4.5, 0, 2 * Math.PI);
  }
  context.fillStyle = role === "other" ? rim : colour;
  context.strokeStyle = role === "other" ? colour : rim;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
}
