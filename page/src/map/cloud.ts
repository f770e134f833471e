/** The points: where they are, where they move to, and which are nearest to a position. */

import Flatbush from "flatbush";
import type { Id } from "../contract/answers";
import { densest } from "./raster";
import { type Box, boxOf } from "./viewport";

type Points = Float32Array<ArrayBuffer>;

const IDLE = 200; // after which the search for nearest points is prepared

export class Cloud {
  /** Where the points are drawn now: x0, y0, x1, y1, …, with y downwards. */
  points: Points = new Float32Array(0);
  /** The box that they are in once they have arrived, and how dense they are at most. */
  box: Box = { x0: 0, y0: 0, x1: 0, y1: 0 };
  peak = 0;
  private way: { from: Points; to: Points; began: number; lasts: number } | null = null;
  private index: Flatbush | null = null;
  private idle = 0;

  /** Take other points, y upwards: at once, or gliding there for so many milliseconds. */
  take(points: Float32Array, lasts: number) {
    const to = Float32Array.from(points, (value, i) => (i % 2 ? -value : value));
    const box = boxOf(to);
    if (box) this.box = box;
    this.peak = box ? densest(to, box) : 0;
    if (lasts) {
      this.way = { from: this.points.slice(), to, began: performance.now(), lasts };
    } else {
      this.settle(to);
    }
  }

  /** Continue gliding; returns whether it is still in progress. */
  advance(now: number): boolean {
    if (!this.way) return false;
    const { from, to, began, lasts } = this.way;
    const t = Math.max(now - began, 0) / lasts;
    if (t >= 1) {
      this.settle(to);
      return false;
    }
    for (let i = 0; i < to.length; i++) {
      const start = from[i] as number;
      this.points[i] = start + ((to[i] as number) - start) * t;
    }
    return true;
  }

  /** Where the points are once they have arrived. */
  get arrived(): Points {
    return this.way?.to ?? this.points;
  }

  /** At most `count` ids, no further than `reach`, the nearest first; none while points glide. */
  nearest(x: number, y: number, count: number, reach = Infinity): Id[] {
    if (this.way || !this.points.length) return [];
    this.index ??= indexOf(this.points);
    return this.index.neighbors(x, y, count, reach);
  }

  end() {
    clearTimeout(this.idle);
  }

  private settle(points: Points) {
    this.way = null;
    this.points = points;
    this.index = null;
    clearTimeout(this.idle);
    this.idle = window.setTimeout(() => this.nearest(0, 0, 1), IDLE);
  }
}

function indexOf(points: Points): Flatbush {
  const index = new Flatbush(points.length / 2, 16, Float32Array);
  for (let i = 0; i < points.length; i += 2) {
    index.add(points[i] as number, points[i + 1] as number);
  }
  index.finish();
  return index;
}
