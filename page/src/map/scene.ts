/**
 * Draws the map, frame by frame, and handles what the user points at.
 *
 * It draws only when something has changed: points as a density, arrows, marks, labels.
 */

import type { Id } from "../contract/answers";
import { type Arrow, along, arrowBetween, drawArrow } from "./arrows";
import { Camera } from "./camera";
import { Cloud } from "./cloud";
import { type Colours, coloursOf, rgb } from "./colours";
import { Labelling } from "./labelling";
import { drawMark, MARK } from "./marks";
import { Occupied, place, type Rect, rectAt } from "./placement";
import { grainOf, Raster, type Tones } from "./raster";
import { Sprites } from "./sprites";
import type { MapProps } from "./types";

type Shown = Omit<MapProps, "title">;

const FINEST = 2; // pixels to a CSS pixel that are drawn, at most
const REACH = { mouse: 12, touch: 22 };
const CLEAR = 4; // pixels around what lies over the canvas
const PAN = 90;
const KEY_ZOOM = 1.6;
const GLIDE = 600; // milliseconds
const SHORT_GLIDE = 360; // where drawing is to be cheap
const PACE = 60; // milliseconds between two frames, at least, there

export class Scene {
  private shown: Shown = {
    words: [],
    points: new Float32Array(0),
    marked: new Map(),
    arrows: [],
    view: [],
    onPick: () => {},
  };
  private ratio = 1;
  private pending = 0; // the requested animation frame
  private waiting = 0; // the timer before it
  private hovered: Id | null = null;
  private keys = false; // whether the keyboard moves the map
  private colours: Colours;
  private tones: Tones;
  private readonly context: CanvasRenderingContext2D;
  private readonly raster = new Raster();
  private readonly texts = new Sprites();
  private readonly cloud = new Cloud();
  private readonly camera: Camera;
  private readonly labelling: Labelling;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly say: (what: string) => void,
  ) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("this browser cannot draw on a canvas");
    this.context = context;
    this.colours = coloursOf(canvas);
    this.tones = tonesOf(this.colours);
    this.camera = new Camera(canvas, this.cloud, {
      moved: (byReader) => this.moved(byReader),
      overWord: (event) => this.under(event) !== null,
    });
    this.labelling = new Labelling(this.camera, this.texts);
  }

  /** Show other words, points, marks or another part. */
  show(shown: Shown) {
    const before = this.shown;
    this.shown = shown;
    if (shown.words !== before.words) {
      this.labelling.forget();
      this.hovered = null;
    }
    if (shown.points !== before.points) {
      const same = shown.points.length === before.points.length;
      const glides = same && !this.calm.matches && !document.hidden;
      const lasts = glides ? (shown.sparing ? SHORT_GLIDE : GLIDE) : 0;
      this.cloud.take(shown.points, lasts);
      this.camera.regard(lasts);
    }
    if (!sameIds(shown.view, before.view)) this.camera.follow(shown.view);
    this.redraw();
  }

  /** Take the size that the canvas has in the page now. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(devicePixelRatio || 1, FINEST);
    const { size } = this.camera;
    if (width === size.width && height === size.height && ratio === this.ratio) return;
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.raster.resize({ width, height }, ratio);
    this.camera.resize({ width, height });
    this.restyle();
  }

  /** Take the colours and the font that the page has now. */
  restyle() {
    this.colours = coloursOf(this.canvas);
    this.tones = tonesOf(this.colours);
    const { fontFamily } = getComputedStyle(this.canvas);
    this.texts.reset(fontFamily, this.colours.background, this.ratio);
    this.redraw();
  }

  zoomBy(factor: number) {
    this.camera.zoomBy(factor);
  }

  whole() {
    this.camera.follow([]);
  }

  /** Handle a key; returns whether it has a meaning. */
  key(key: string): boolean {
    const meanings: Record<string, () => void> = {
      ArrowLeft: () => this.camera.pan(-PAN, 0),
      ArrowRight: () => this.camera.pan(PAN, 0),
      ArrowUp: () => this.camera.pan(0, -PAN),
      ArrowDown: () => this.camera.pan(0, PAN),
      "+": () => this.camera.zoomBy(KEY_ZOOM),
      "=": () => this.camera.zoomBy(KEY_ZOOM),
      "-": () => this.camera.zoomBy(1 / KEY_ZOOM),
      "0": () => this.whole(),
      Enter: () => this.pick(this.central()),
    };
    const act = meanings[key];
    if (!act) return false;
    this.keys = true;
    this.hover(null);
    act();
    this.redraw();
    return true;
  }

  /** The keyboard left the map. */
  leave() {
    this.keys = false;
    this.redraw();
  }

  hover(event: MouseEvent | null) {
    const id = event && this.under(event);
    this.canvas.classList.toggle("over-word", id !== null);
    if (id === this.hovered) return;
    this.hovered = id;
    this.redraw();
  }

  click(event: MouseEvent) {
    this.pick(this.under(event));
  }

  /** The labels, for tests: whether marked, and their rectangles. */
  report() {
    return {
      zoom: this.camera.zoomed(),
      hovered: this.hovered,
      still: !this.pending && !this.waiting && this.camera.open,
      labels: [...this.labelling.labels.values()].map(({ id, rect }) => ({
        id,
        marked: this.shown.marked.has(id),
        ...rect,
      })),
    };
  }

  /** The position of a word in the window, for tests. */
  where(id: Id): [number, number] {
    return this.camera.at(id);
  }

  end() {
    cancelAnimationFrame(this.pending);
    clearTimeout(this.waiting);
    this.cloud.end();
    this.camera.end();
  }

  private moved(byReader: boolean) {
    if (byReader) {
      this.keys = false;
      this.hover(null);
    }
    this.redraw();
  }

  private pick(id: Id | null) {
    if (id !== null) this.shown.onPick(id);
  }

  /** The word under an event: that of a mark, a label or a point. */
  private under(event: MouseEvent): Id | null {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const touched = event instanceof PointerEvent && event.pointerType === "touch";
    const reach = touched ? REACH.touch : REACH.mouse;
    return this.markAt(x, y) ?? this.labelling.at(x, y) ?? this.pointAt(x, y, reach);
  }

  private markAt(x: number, y: number): Id | null {
    for (const id of this.shown.marked.keys()) {
      const [mx, my] = this.camera.at(id);
      if (Math.hypot(mx - x, my - y) <= MARK + 2) return id;
    }
    return null;
  }

  private pointAt(x: number, y: number, reach: number): Id | null {
    const { transform } = this.camera;
    const id = this.cloud.nearest(...transform.invert([x, y]), 1, reach / transform.k)[0];
    return id !== undefined && id < this.shown.words.length ? id : null;
  }

  /** The word nearest to the middle. */
  private central(): Id | null {
    const { width, height } = this.camera.size;
    return this.pointAt(width / 2, height / 2, height / 2);
  }

  private redraw() {
    clearTimeout(this.waiting);
    this.waiting = 0;
    if (!this.pending) this.pending = requestAnimationFrame((now) => this.frame(now));
  }

  private frame(now: number) {
    this.pending = 0;
    if (!this.camera.open) return;
    const gliding = this.cloud.advance(now);
    const flying = this.camera.advance(now);
    cancelAnimationFrame(this.pending); // this frame is the one that a flight requested
    this.pending = 0;
    this.drawPoints();
    const fading = this.drawWords(now);
    if (this.keys) this.drawCentre();
    if (this.shown.sparing && (gliding || (fading && !flying))) {
      this.waiting = window.setTimeout(() => this.redraw(), PACE);
    } else if (gliding || flying || fading) this.redraw();
    else if (this.keys) this.tell();
  }

  private drawPoints() {
    const { points, peak } = this.cloud;
    const { transform, size } = this.camera;
    const many = { count: points.length / 2, most: peak / transform.k ** 2 };
    const grain = grainOf(this.camera.zoomed(), size, this.ratio, many);
    this.raster.draw(this.context, points, transform, grain, this.tones);
  }

  private drawWords(now: number): boolean {
    const { context, colours, camera, labelling, shown } = this;
    const marks = this.marksInView();
    const arrows = this.arrowsInView();
    const occupied = new Occupied(camera.size);
    for (const rect of this.covered()) occupied.take(rect);
    for (const arrow of arrows) for (const rect of along(arrow)) occupied.take(rect);
    for (const id of marks) occupied.take(about(...camera.at(id)));
    labelling.lay(shown, marks, this.raster.first, occupied, now);

    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.strokeStyle = colours.arrow;
    context.fillStyle = colours.arrow;
    context.lineWidth = 1.5;
    for (const arrow of arrows) drawArrow(context, arrow);
    labelling.drawLeaders(context, colours.leader);
    for (const id of marks.reverse()) {
      const role = shown.marked.get(id) ?? "other";
      drawMark(context, role, ...camera.at(id), colours[role], colours.background);
    }
    const fading = labelling.draw(context, shown, colours, now);
    const tip = this.hovered ?? (this.keys ? this.central() : null);
    if (tip !== null) this.drawTip(tip);
    return fading;
  }

  /** What lies over the canvas: its buttons, and other elements of the frame. */
  private covered(): Rect[] {
    const map = this.canvas.parentElement;
    const beside = [...(map?.children ?? []), ...(map?.parentElement?.children ?? [])];
    const over = beside.filter((element) => element !== this.canvas && element !== map);
    const { left, top } = this.canvas.getBoundingClientRect();
    return over.map((element) => {
      const rect = element.getBoundingClientRect();
      return {
        left: rect.left - left - CLEAR,
        top: rect.top - top - CLEAR,
        right: rect.right - left + CLEAR,
        bottom: rect.bottom - top + CLEAR,
      };
    });
  }

  /** Marked words in the window, the queried ones first. */
  private marksInView(): Id[] {
    const order = ["asked", "answer", "other"];
    const { marked, words } = this.shown;
    return [...marked]
      .sort(([, a], [, b]) => order.indexOf(a) - order.indexOf(b))
      .map(([id]) => id)
      .filter((id) => id < words.length && this.camera.sees(...this.camera.at(id)));
  }

  private arrowsInView(): Arrow[] {
    const arrows = this.shown.arrows.map(([a, b]) => {
      const [[ax, ay], [bx, by]] = [this.camera.at(a), this.camera.at(b)];
      if (!Number.isFinite(ax + ay + bx + by)) return null;
      return arrowBetween({ x: ax, y: ay }, { x: bx, y: by });
    });
    return arrows.filter((arrow) => arrow !== null);
  }

  /** Draw the word under the pointer: its point with a ring, its label on top. */
  private drawTip(id: Id) {
    const { context, colours, labelling, shown } = this;
    const candidate = { ...labelling.candidate(shown, id, true), place: -1 };
    const free = place([candidate], new Occupied(this.camera.size), 1)[0]?.rect;
    const rect = free ?? rectAt(candidate, 0);
    context.strokeStyle = colours.label;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(candidate.x, candidate.y, MARK, 0, 2 * Math.PI);
    context.stroke();
    context.fillStyle = colours.tip;
    context.strokeStyle = colours.leader;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(
      rect.left - 1.5,
      rect.top - 1.5,
      candidate.width + 3,
      candidate.height + 3,
      5,
    );
    context.fill();
    context.stroke();
    labelling.drawOne(context, shown, colours, id, rect, true);
  }

  /** Draw the cross in the middle, which keys move. */
  private drawCentre() {
    const { context, camera } = this;
    const x = Math.round(camera.size.width / 2) + 0.5;
    const y = Math.round(camera.size.height / 2) + 0.5;
    context.strokeStyle = this.colours.asked;
    context.lineWidth = 1;
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x + 5 * side, y);
      context.lineTo(x + 16 * side, y);
      context.moveTo(x, y + 5 * side);
      context.lineTo(x, y + 16 * side);
    }
    context.stroke();
  }

  /** Announce the word in the middle to keyboard users. */
  private tell() {
    const id = this.central();
    if (id !== null) this.say(this.texts.shown(this.shown.words[id] ?? ""));
  }
}

/** What a mark takes of the window. */
function about(x: number, y: number): Rect {
  return { left: x - MARK, top: y - MARK, right: x + MARK, bottom: y + MARK };
}

function tonesOf(colours: Colours): Tones {
  return {
    background: rgb(colours.background),
    thin: rgb(colours.thin),
    dense: rgb(colours.dense),
  };
}

function sameIds(a: readonly Id[], b: readonly Id[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
