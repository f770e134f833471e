/** The labels from frame to frame: which words have one, where, and how they fade in and out. */

import type { Id } from "../contract/answers";
import type { Camera } from "./camera";
import type { Colours } from "./colours";
import { MARK } from "./marks";
import {
  type Candidate,
  inside,
  led,
  mostLabels,
  type Occupied,
  type Placed,
  place,
  type Rect,
  rectAt,
} from "./placement";
import type { Sprites } from "./sprites";
import type { MapProps } from "./types";

type Words = Pick<MapProps, "words" | "marked">;

interface Label extends Placed {
  /** When it appeared; for a vanishing one, when it began to vanish. */
  since: number;
}

const FADE = 140; // milliseconds
const RINGS = 6; // of places around a marked word

export class Labelling {
  /** The labels of this frame. */
  labels = new Map<Id, Label>();
  private leaving = new Map<Id, Label>();
  private scale = 0; // at which the labels were placed
  private stays = false; // whether it is the scale of the frame before
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly camera: Camera,
    private readonly texts: Sprites,
  ) {}

  forget() {
    this.labels.clear();
    this.leaving.clear();
  }

  /** The word whose label is at a position in the window. */
  at(x: number, y: number): Id | null {
    for (const { id, rect } of this.labels.values()) if (inside(rect, x, y)) return id;
    return null;
  }

  /** Place labels: of marked words, in their order, then of as many others as there should be. */
  lay(shown: Words, marks: readonly Id[], others: readonly Id[], occupied: Occupied, now: number) {
    this.stays = this.camera.transform.k === this.scale;
    this.scale = this.camera.transform.k;
    const most = mostLabels(this.camera.size, this.camera.zoomed());
    const strong = marks.map((id) => this.candidate(shown, id));
    for (const { x, y } of strong) occupied.name(x, y);
    const placed = place(strong, occupied, strong.length);
    placed.push(...place(this.offered(shown, others), occupied, most - placed.length));
    this.replace(shown, placed, occupied, now);
  }

  /** The label of a word, and where it might be. */
  candidate({ words, marked }: Words, id: Id, strong = marked.has(id)): Candidate {
    const text = this.texts.shown(words[id] ?? "");
    const [x, y] = this.camera.at(id);
    const was = this.labels.get(id)?.place;
    return {
      id,
      x,
      y,
      gap: strong ? MARK + 2 : 3,
      width: this.texts.width(text, strong),
      height: this.texts.height(strong),
      rings: strong ? RINGS : 1,
      place: was !== undefined && (this.stays || !led(was)) ? was : -1,
    };
  }

  /** Draw the labels; returns whether one is still fading. */
  draw(context: CanvasRenderingContext2D, shown: Words, colours: Colours, now: number): boolean {
    let fading = this.leaving.size > 0;
    for (const { id, rect, since } of this.leaving.values()) {
      context.globalAlpha = 1 - (now - since) / FADE;
      this.drawOne(context, shown, colours, id, rect);
    }
    for (const { id, rect, since } of this.labels.values()) {
      context.globalAlpha = Math.min(Math.max(now - since, 0) / FADE, 1);
      if (context.globalAlpha < 1) fading = true;
      this.drawOne(context, shown, colours, id, rect);
    }
    context.globalAlpha = 1;
    return fading;
  }

  /** Draw leader lines from distant labels to their points. */
  drawLeaders(context: CanvasRenderingContext2D, colour: string) {
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    for (const { id, place, rect } of this.labels.values()) {
      if (!led(place)) continue;
      const [x, y] = this.camera.at(id);
      context.moveTo(x, y);
      context.lineTo(
        Math.min(Math.max(x, rect.left + 4), rect.right - 4),
        Math.min(Math.max(y, rect.top + 3), rect.bottom - 3),
      );
    }
    context.stroke();
  }

  drawOne(
    context: CanvasRenderingContext2D,
    { words, marked }: Words,
    colours: Colours,
    id: Id,
    rect: Rect,
    strong = marked.has(id),
  ) {
    const style = { strong, colour: colours[marked.get(id) ?? "label"] };
    this.texts.draw(context, this.texts.shown(words[id] ?? ""), style, rect.left, rect.top);
  }

  /** Words that may be labelled: while the scale stays, those first that already are. */
  private *offered(shown: Words, others: readonly Id[]): Generator<Candidate> {
    const kept = this.stays ? [...this.labels.keys()].sort((a, b) => a - b) : [];
    for (const id of new Set([...kept, ...others])) {
      if (shown.marked.has(id) || id >= shown.words.length) continue;
      const candidate = this.candidate(shown, id);
      if (this.camera.sees(candidate.x, candidate.y)) yield candidate;
    }
  }

  /** Set the labels of this frame; previous ones fade out unless they are in the way. */
  private replace(shown: Words, placed: Placed[], occupied: Occupied, now: number) {
    const before = this.labels;
    const came = this.calm.matches ? now - FADE : now;
    this.labels = new Map(
      placed.map((one) => [one.id, { ...one, since: before.get(one.id)?.since ?? came }]),
    );
    if (this.calm.matches) return;
    for (const [id, label] of before) {
      if (!this.labels.has(id)) this.leaving.set(id, { ...label, since: now });
    }
    for (const [id, label] of this.leaving) {
      const rect = rectAt(this.candidate(shown, id), label.place);
      const gone = now - label.since >= FADE || this.labels.has(id) || !occupied.free(rect);
      if (gone) this.leaving.delete(id);
      else {
        occupied.take(rect);
        label.rect = rect;
      }
    }
  }
}
