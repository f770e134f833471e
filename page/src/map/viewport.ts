/**
 * Where the plane stands in the window: boxes of points, and the transforms that show them.
 *
 * A transform takes points to CSS pixels: (k·x + tx, k·y + ty). Draws nothing.
 */

import { type ZoomTransform, zoomIdentity } from "d3-zoom";
import type { Id } from "../contract/answers";

export interface Size {
  width: number;
  height: number;
}

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** The centre of a view and its width, in the plane: what a flight goes through. */
export type Window = [number, number, number];

const MARGIN = 56;

/** The smallest box with all points, or with those of some ids; null: there are none of them. */
export function boxOf(points: Float32Array, ids?: readonly Id[]): Box | null {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  const count = ids ? ids.length : points.length / 2;
  for (let i = 0; i < count; i++) {
    const at = 2 * (ids ? (ids[i] as Id) : i);
    const x = points[at];
    const y = points[at + 1];
    if (x === undefined || y === undefined) continue;
    if (x < box.x0) box.x0 = x;
    if (x > box.x1) box.x1 = x;
    if (y < box.y0) box.y0 = y;
    if (y > box.y1) box.y1 = y;
  }
  return box.x0 <= box.x1 && box.y0 <= box.y1 ? box : null;
}

/** The longer side of a box; 1 where it has none. */
export function sideOf(box: Box): number {
  return Math.max(box.x1 - box.x0, box.y1 - box.y0) || 1;
}

/** The transform that shows a box in the middle, as large as it can be; of a small one, `least`. */
export function fit(box: Box, size: Size, least: number): ZoomTransform {
  const margin = 2 * Math.min(MARGIN, size.width / 8, size.height / 8);
  const k = Math.min(
    (size.width - margin) / Math.max(box.x1 - box.x0, least),
    (size.height - margin) / Math.max(box.y1 - box.y0, least),
  );
  return around((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, k, size);
}

/** The transform with a point of the plane in the middle. */
export function around(x: number, y: number, k: number, size: Size): ZoomTransform {
  return zoomIdentity
    .translate(size.width / 2, size.height / 2)
    .scale(k)
    .translate(-x, -y);
}

/** The part of the plane that a transform shows. */
export function seenBox(transform: ZoomTransform, size: Size): Box {
  const [x0, y0] = transform.invert([0, 0]);
  const [x1, y1] = transform.invert([size.width, size.height]);
  return { x0, y0, x1, y1 };
}

export function windowOf(transform: ZoomTransform, size: Size): Window {
  const [x, y] = transform.invert([size.width / 2, size.height / 2]);
  return [x, y, size.width / transform.k];
}

export function transformOf([x, y, width]: Window, size: Size): ZoomTransform {
  return around(x, y, size.width / width, size);
}
