/**
 * Points to pixels: each point is stamped into an array of counts, and the counts become colours.
 *
 * All in plain arrays, so that it is quick without a GPU. The same pass finds the words that may be
 * labelled: the first few of each small part of the window.
 */

import type { ZoomTransform } from "d3-zoom";
import type { Id } from "../contract/answers";
import type { Rgb } from "./colours";
import { type Box, type Size, sideOf } from "./viewport";

const LEAST = 0.75; // radius of a point in pixels: a smaller one would sparkle
const LARGEST = 4; // in CSS pixels
const FULL = 8; // what a point adds to a pixel that it covers
const BORDER = 12; // pixels around the window, so that a stamp at the edge needs no test
const PARTS: readonly [number, number] = [128, 32]; // of the window, in CSS pixels
const A_PART = 3;
const SHADES = 4096;
const LOWEST = 3; // points that meet for the darkest colour, at least: lone ones stay light
const GRID = 96;

/** Colours of pixels with no point, with few, and with as many as there can be. */
export interface Tones {
  background: Rgb;
  thin: Rgb;
  dense: Rgb;
}

/** How a transform shows the points: the radius of one, and how many meet where most do. */
export interface Grain {
  radius: number;
  most: number;
}

/** How many points there are, and how many to a square pixel of the window where most are. */
export interface Points {
  count: number;
  most: number;
}

/** Counts of points, their picture, and the words that may be labelled. */
export class Raster {
  private width = 0;
  private height = 0;
  private ratio = 1;
  private counts = new Uint32Array(0);
  private image = new ImageData(1, 1);
  private pixels = new Uint32Array(0);
  private parts = new Uint8Array(0);
  private across = 0;
  /** The ids that the last drawing offers labels, the lowest first. */
  first: Id[] = [];

  resize(size: Size, ratio: number) {
    this.ratio = ratio;
    this.width = Math.max(1, Math.round(size.width * ratio));
    this.height = Math.max(1, Math.round(size.height * ratio));
    this.counts = new Uint32Array((this.width + 2 * BORDER) * (this.height + 2 * BORDER));
    this.image = new ImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.across = Math.ceil(size.width / PARTS[0]);
    this.parts = new Uint8Array(this.across * Math.ceil(size.height / PARTS[1]));
  }

  draw(
    context: CanvasRenderingContext2D,
    points: Float32Array,
    transform: ZoomTransform,
    grain: Grain,
    tones: Tones,
  ) {
    this.counts.fill(0);
    this.parts.fill(0);
    this.first = [];
    this.stamp(points, transform, stampOf(grain.radius * this.ratio));
    this.develop(shades(tones, grain.most));
    context.putImageData(this.image, 0, 0);
  }

  private stamp(points: Float32Array, { k, x, y }: ZoomTransform, stamp: Stamp) {
    const { counts, width, height, ratio, parts, across, first } = this;
    const scale = k * ratio;
    const left = x * ratio;
    const top = y * ratio;
    const pitch = width + 2 * BORDER;
    const offsets = Int32Array.from(stamp.steps, ([dx, dy]) => dx + dy * pitch);
    const { weights } = stamp;
    const only = offsets.length === 1;
    const partX = 1 / (PARTS[0] * ratio);
    const partY = 1 / (PARTS[1] * ratio);
    const right = width + BORDER / 2;
    const bottom = height + BORDER / 2;
    for (let i = 0; i < points.length; i += 2) {
      const px = (points[i] as number) * scale + left;
      const py = (points[i + 1] as number) * scale + top;
      if (!(px >= -BORDER / 2 && py >= -BORDER / 2 && px < right && py < bottom)) continue;
      const at = ((py + BORDER) | 0) * pitch + ((px + BORDER) | 0);
      if (only) {
        counts[at] = (counts[at] as number) + FULL;
      } else {
        for (let s = 0; s < offsets.length; s++) {
          const to = at + (offsets[s] as number);
          counts[to] = (counts[to] as number) + (weights[s] as number);
        }
      }
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const part = ((py * partY) | 0) * across + ((px * partX) | 0);
      if ((parts[part] as number) < A_PART) {
        parts[part] = (parts[part] as number) + 1;
        first.push(i / 2);
      }
    }
  }

  private develop(colours: Uint32Array) {
    const { counts, pixels, width, height } = this;
    const last = colours.length - 1;
    const none = colours[0] as number;
    for (let row = 0, to = 0; row < height; row++) {
      let from = (row + BORDER) * (width + 2 * BORDER) + BORDER;
      for (const end = to + width; to < end; to++, from++) {
        const count = counts[from] as number;
        pixels[to] = count === 0 ? none : (colours[count < last ? count : last] as number);
      }
    }
  }
}

interface Stamp {
  steps: [number, number][];
  weights: number[];
}

/** The pixels that a disc covers, and how much of each. */
function stampOf(radius: number): Stamp {
  const reach = Math.min(Math.ceil(radius - 0.5), BORDER / 2);
  const stamp: Stamp = { steps: [], weights: [] };
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = Math.min(Math.max(radius + 0.5 - Math.hypot(dx, dy), 0), 1);
      const weight = reach ? Math.round(FULL * covered) : FULL;
      if (weight > 0) {
        stamp.steps.push([dx, dy]);
        stamp.weights.push(weight);
      }
    }
  }
  return stamp;
}

/** The colour of each count, by its logarithm. */
function shades({ background, thin, dense }: Tones, most: number): Uint32Array {
  const full = Math.log1p(Math.max(most, LOWEST));
  const colours = new Uint32Array(Math.min(Math.ceil(FULL * Math.max(most, 1)) + 1, SHADES));
  const bytes = new Uint8ClampedArray(colours.buffer);
  for (let count = 0; count < colours.length; count++) {
    const covered = Math.min(count / FULL, 1);
    const depth = Math.min(Math.log1p(count / FULL) / full, 1) ** 1.5;
    for (let c = 0; c < 3; c++) {
      const tone = (thin[c] as number) + ((dense[c] as number) - (thin[c] as number)) * depth;
      bytes[4 * count + c] = (background[c] as number) * (1 - covered) + tone * covered;
    }
    bytes[4 * count + 3] = 255;
  }
  return colours;
}

/** Points to a unit of the plane's area, where they are most. */
export function densest(points: Float32Array, box: Box): number {
  const side = sideOf(box);
  const counts = new Uint32Array(GRID * GRID);
  let most = 0;
  for (let i = 0; i < points.length; i += 2) {
    const column = Math.min((((points[i] as number) - box.x0) / side) * GRID, GRID - 1) | 0;
    const row = Math.min((((points[i + 1] as number) - box.y0) / side) * GRID, GRID - 1) | 0;
    const count = (counts[row * GRID + column] as number) + 1;
    counts[row * GRID + column] = count;
    if (count > most) most = count;
  }
  return most * (GRID / side) ** 2;
}

/** Points are small where many are seen, and grow as they come apart. */
export function grainOf(zoomed: number, size: Size, ratio: number, points: Points): Grain {
  const apart = Math.sqrt((size.width * size.height) / Math.max(points.count, 1));
  const grown = 0.12 * apart * Math.sqrt(zoomed);
  const radius = Math.min(Math.max(grown, LEAST / ratio), LARGEST);
  return { radius, most: Math.max(1, points.most * Math.PI * radius ** 2) };
}
