import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { short } from "../common/numbers";
import type { Account } from "../contract/live";

interface ChartProps {
  /** Words trained on and the running loss; empty for the exact engine. */
  loss: [number, number][];
  accounts: Account[];
}

type Numbers = (number | null)[];
/** Positions on the axis; the running loss, the loss of epochs or passes, that of held-out lines. */
type Data = [number[], Numbers, Numbers, Numbers];

const HEIGHT = 240;
const SMALL_HEIGHT = 190;
const MOST_DOTS = 30;

/** The loss over the course of training. */
export function Chart({ loss, accounts }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const ofPasses = accounts[0]?.words != null;

  useEffect(() => {
    const parent = box.current;
    if (!parent) return;
    const made = new uPlot(options(ofPasses, parent.clientWidth), [[], [], [], []], parent);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize(size(parent.clientWidth)));
    sizes.observe(parent);
    const colours = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false, true);
    colours.addEventListener("change", redraw);
    const theme = new MutationObserver(redraw);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sizes.disconnect();
      theme.disconnect();
      colours.removeEventListener("change", redraw);
      made.destroy();
      plot.current = null;
    };
  }, [ofPasses]);

  useEffect(() => {
    plot.current?.setData(ofPasses ? ofEachPass(accounts) : ofWords(loss, accounts));
  }, [ofPasses, loss, accounts]);

  return (
    <figure class="live-chart">
      <div ref={box} role="img" aria-label={description(loss, accounts)} />
      <figcaption>
        {!ofPasses && <span class="live-key running">in training, mean of the epoch so far</span>}
        <span class="live-key trained">{ofPasses ? "pairs trained on" : "whole epoch"}</span>
        <span class="live-key held-out">held-out lines</span>
        {ofPasses && <span>The line breaks where words are added.</span>}
      </figcaption>
    </figure>
  );
}

function description(loss: [number, number][], accounts: Account[]): string {
  const now = accounts.at(-1)?.loss ?? loss.at(-1)?.[1];
  return now === undefined
    ? "No loss yet"
    : `Chart of the loss, now ${now.toFixed(4)} nats per pair`;
}

function ofWords(loss: [number, number][], accounts: Account[]): Data {
  const ends = new Map(accounts.map((account) => [account.x, account]));
  const running = new Map(loss);
  const xs = [...new Set([...running.keys(), ...ends.keys()])].sort((a, b) => a - b);
  return [
    xs,
    xs.map((x) => running.get(x) ?? null),
    xs.map((x) => ends.get(x)?.loss ?? null),
    xs.map((x) => ends.get(x)?.held_out ?? null),
  ];
}

function ofEachPass(accounts: Account[]): Data {
  const data: Data = [[], [], [], []];
  let words = accounts[0]?.words;
  for (const account of accounts) {
    if (account.words !== words) add(account.x - 0.5, null, null);
    words = account.words;
    add(account.x, account.loss, account.held_out);
  }
  return data;

  function add(x: number, loss: number | null, heldOut: number | null) {
    data[0].push(x);
    data[1].push(null);
    data[2].push(loss);
    data[3].push(heldOut);
  }
}

function size(width: number): { width: number; height: number } {
  return { width, height: width < 500 ? SMALL_HEIGHT : HEIGHT };
}

/** The current value of a colour; the canvas does not support custom properties. */
function colour(name: string): () => string {
  return () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(ofPasses: boolean, width: number): uPlot.Options {
  const font = "12px system-ui, sans-serif";
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font,
    labelFont: font,
    labelSize: 20,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
  };
  const dots = (name: string): uPlot.Series => ({
    stroke: colour(name),
    width: 1.5,
    points: { show: areFew, size: 7, fill: colour(name), stroke: colour(name) },
    spanGaps: !ofPasses,
  });
  return {
    ...size(width),
    scales: {
      x: { time: false, range: (_, min, max) => axisRange(ofPasses, min, max) },
    },
    axes: [
      {
        ...axis,
        label: ofPasses ? "passes" : "words trained on",
        values: (_, ticks) => ticks.map((tick) => (tick % 1 ? "" : short(tick))),
        space: 64,
        size: 32,
      },
      { ...axis, label: "loss per pair, nats", size: 48 },
    ],
    series: [
      {},
      { stroke: colour("--accent"), width: 1.5, points: { show: false }, spanGaps: true },
      { ...dots("--accent"), ...(ofPasses ? {} : { width: 0 }) },
      dots("--answer"),
    ],
    cursor: { show: false },
    legend: { show: false },
    padding: [8, 12, 0, 0],
  };
}

/** Whether there are few enough dots to tell them apart. */
function areFew(plot: uPlot, series: number): boolean {
  const values = plot.data[series] ?? [];
  return values.filter((value) => value !== null).length <= MOST_DOTS;
}

/** The range of the axis: from 0, or with half a pass on each side. */
function axisRange(ofPasses: boolean, min: number, max: number): [number, number] {
  if (min === null || max === null) return [0, 1];
  return ofPasses ? [0.5, Math.max(max, 4) + 0.5] : [0, max];
}
