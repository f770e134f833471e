/**
 * Which part of the plane is visible, and how the user and the page move it. Draws nothing.
 *
 * It follows a target, words or the whole map, until the user moves the map.
 */

import { select } from "d3-selection";
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import type { Id } from "../contract/answers";
import type { Cloud } from "./cloud";
import {
  around,
  type Box,
  boxOf,
  fit,
  type Size,
  seenBox,
  sideOf,
  transformOf,
  type Window,
  windowOf,
} from "./viewport";

/** The interface to the scene. */
interface Callbacks {
  /** The camera has moved, by the user or by itself. */
  moved: (byReader: boolean) => void;
  /** Whether an event is over a word, and not for the camera. */
  overWord: (event: MouseEvent) => boolean;
}

const FLIGHT = 700; // milliseconds
const STEP = 180; // of a key or a button
const ROOM = 40; // words around one that is flown to alone
const NARROWEST = 250; // times in the whole map, at most
const DEEPEST = 5000; // times the whole map

export class Camera {
  size: Size = { width: 0, height: 0 };
  transform: ZoomTransform = zoomIdentity;
  private aim: readonly Id[] | null = []; // null: the user moved the map
  private flight: { at: (t: number) => Window; began: number; lasts: number } | null = null;
  private readonly behaviour = zoom<HTMLCanvasElement, unknown>();
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly cloud: Cloud,
    private readonly callbacks: Callbacks,
  ) {
    this.behaviour
      .clickDistance(4)
      .duration(this.calm.matches ? 0 : STEP)
      .extent(() => [
        [0, 0],
        [this.size.width, this.size.height],
      ])
      .filter((event: MouseEvent) => this.takes(event))
      .on("start", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        if (event.sourceEvent) this.flight = null;
      })
      .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.transform = event.transform;
        const byReader = Boolean(event.sourceEvent);
        if (byReader) this.aim = this.zoomed() > 1 ? null : [];
        this.callbacks.moved(byReader);
      });
    select(canvas).call(this.behaviour);
  }

  /** Whether the window has a size. */
  get open(): boolean {
    return this.size.width > 0 && this.size.height > 0;
  }

  /** The position of a word in the window; NaN if it has none. */
  at(id: Id): [number, number] {
    const { points } = this.cloud;
    return this.transform.apply([points[2 * id] ?? NaN, points[2 * id + 1] ?? NaN]);
  }

  sees(x: number, y: number): boolean {
    return x >= 0 && y >= 0 && x <= this.size.width && y <= this.size.height;
  }

  /** The zoom factor, relative to the whole map. */
  zoomed(): number {
    return this.transform.k / this.whole().k;
  }

  resize(size: Size) {
    const kept = this.open ? windowOf(this.transform, this.size) : null;
    this.size = size;
    this.limit();
    if (this.aim) this.go(this.target(this.aim), 0);
    else if (kept) this.go(around(kept[0], kept[1], this.transform.k, size), 0);
  }

  /** The points have changed: stay, or go to the target. */
  regard(lasts: number) {
    this.limit();
    if (this.aim) this.go(this.target(this.aim), lasts);
  }

  /** Fly to the smallest view with all of these; with none, to the whole map. */
  follow(ids: readonly Id[]) {
    this.aim = ids;
    this.go(this.target(ids), FLIGHT);
  }

  zoomBy(factor: number) {
    this.aim = null;
    const [x, y, width] = this.heading();
    this.go(transformOf([x, y, width / factor], this.size), STEP);
  }

  /** Move by pixels of the window. */
  pan(dx: number, dy: number) {
    this.aim = null;
    const [x, y, width] = this.heading();
    const k = this.size.width / width;
    this.go(transformOf([x + dx / k, y + dy / k, width], this.size), STEP);
  }

  /** Continue a flight; returns whether it is still in progress. */
  advance(now: number): boolean {
    if (!this.flight) return false;
    const { at, began, lasts } = this.flight;
    const t = Math.min(Math.max(now - began, 0) / lasts, 1);
    if (t === 1) this.flight = null;
    this.jump(at(t * t * (3 - 2 * t)));
    return t < 1;
  }

  end() {
    select(this.canvas).on(".zoom", null);
  }

  /** Accept wheel, drag and pinch always; a double click unless it picks a word. */
  private takes(event: MouseEvent): boolean {
    if (event.button || (event.ctrlKey && event.type !== "wheel")) return false;
    return event.type !== "dblclick" || !this.callbacks.overWord(event);
  }

  /** The destination of the flight, from which a second key starts. */
  private heading(): Window {
    return this.flight ? this.flight.at(1) : windowOf(this.transform, this.size);
  }

  private whole(): ZoomTransform {
    return fit(this.cloud.box, this.size, sideOf(this.cloud.box) / 100);
  }

  private target(ids: readonly Id[]): ZoomTransform {
    const box = boxOf(this.cloud.arrived, ids);
    return box ? fit(box, this.size, this.room(box)) : this.whole();
  }

  /** The least width of a view, which keeps some words around a single one. */
  private room(box: Box): number {
    const least = sideOf(this.cloud.box) / NARROWEST;
    const [x, y] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
    const last = this.cloud.nearest(x, y, ROOM).at(-1);
    if (last === undefined) return least;
    const [px = x, py = y] = this.cloud.points.subarray(2 * last, 2 * last + 2);
    return Math.max(2 * Math.hypot(px - x, py - y), least);
  }

  /** Move there: at once, or by a smooth flight. */
  private go(to: ZoomTransform, lasts: number) {
    if (!this.open) return;
    this.flight = null;
    const end = windowOf(this.limited(to), this.size);
    if (!lasts || this.calm.matches || document.hidden) {
      this.jump(end);
      return;
    }
    const at = this.behaviour.interpolate()(windowOf(this.transform, this.size), end);
    this.flight = { at: (t) => at(t) as Window, began: performance.now(), lasts };
    this.callbacks.moved(false);
  }

  private jump(to: Window) {
    select(this.canvas).call(this.behaviour.transform, transformOf(to, this.size));
  }

  private limited(to: ZoomTransform): ZoomTransform {
    const [least, most] = this.behaviour.scaleExtent();
    const [x, y] = windowOf(to, this.size);
    const k = Math.min(Math.max(to.k, least), most);
    const extent = this.behaviour.extent().call(this.canvas, undefined);
    const bounds = this.behaviour.translateExtent();
    return this.behaviour.constrain()(around(x, y, k, this.size), extent, bounds);
  }

  /** Keep the view on the map. */
  private limit() {
    const whole = this.whole();
    const { x0, y0, x1, y1 } = seenBox(whole, this.size);
    this.behaviour.scaleExtent([whole.k, whole.k * DEEPEST]).translateExtent([
      [x0, y0],
      [x1, y1],
    ]);
  }
}
