/** The map's colours: custom properties of the stylesheet, as the theme has them now. */

import type { Role } from "./types";

export type Rgb = readonly [number, number, number];

const NAMES = [
  "background",
  "thin",
  "dense",
  "label",
  "asked",
  "answer",
  "other",
  "arrow",
  "leader",
  "tip",
] as const;

export type Colours = Record<(typeof NAMES)[number] & (string | Role), string>;

/** Read them where the canvas stands; whatever they are written as, they come as rgb(…). */
export function coloursOf(canvas: HTMLCanvasElement): Colours {
  const read = NAMES.map((name) => {
    canvas.style.color = `var(--map-${name})`;
    return [name, getComputedStyle(canvas).color];
  });
  canvas.style.color = "";
  return Object.fromEntries(read);
}

/** A colour as three bytes. */
export function rgb(colour: string): Rgb {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) return [128, 128, 128];
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
  return [r, g, b];
}
