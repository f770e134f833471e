import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { duration, grouped, short } from "../common/numbers";
import type { Id } from "../contract/answers";
import type { Ended, Stage } from "../contract/live";
import { MapView } from "../map/MapView";
import type { Role } from "../map/types";
import { Chart } from "./Chart";
import { isGone, type Run, useRun } from "./feed";
import { Probes } from "./Probes";

/** A run in progress: its loss, its speed, and what it has learned so far. */
export function Live() {
  const run = useRun();
  const [picked, setPicked] = useState<number | null>(null);
  const { news, probes, searched } = run;
  // Memoised: most answers have no new sample.
  const neighbours = useMemo(
    () => <Probes probes={probes} searched={searched} picked={picked} onPick={setPicked} />,
    [probes, searched, picked],
  );
  useTitle(news?.title);
  const hasLoss = run.loss.length > 0 || run.accounts.length > 0;
  return (
    <main class="live">
      <header class="live-head">
        <h1>wordkin</h1>
        <p>{news?.title}</p>
      </header>
      {news?.ended ? <End ended={news.ended} /> : <Now run={run} />}
      <p class="live-said" role="status">
        {summary(run)}
      </p>
      <div class="live-body">
        <section aria-labelledby="live-loss">
          <h2 id="live-loss">Loss</h2>
          {hasLoss ? (
            <Chart loss={run.loss} accounts={run.accounts} />
          ) : (
            <Empty>The chart appears when training begins.</Empty>
          )}
        </section>
        <section aria-labelledby="live-map">
          <h2 id="live-map">Map</h2>
          {run.points.length ? (
            <Moving run={run} picked={picked} onPick={setPicked} />
          ) : (
            <Empty>The map of the most frequent words appears when training begins.</Empty>
          )}
        </section>
        {probes.length ? (
          neighbours
        ) : (
          <section class="live-probes" aria-labelledby="live-probes">
            <h2 id="live-probes">Neighbours</h2>
            <Empty>The neighbours of some words appear when training begins.</Empty>
          </section>
        )}
      </div>
    </main>
  );
}

/** Show the title of the run as that of the browser tab. */
function useTitle(title: string | undefined) {
  useEffect(() => {
    if (title) document.title = `${title} · wordkin`;
  }, [title]);
}

function Empty({ children }: { children: ComponentChildren }) {
  return <p class="live-empty">{children}</p>;
}

/** The current stage of the run, and its figures. */
function Now({ run }: { run: Run }) {
  const { news } = run;
  const stage = news?.stage ?? { name: "starting" };
  const last = run.accounts.at(-1);
  const unseen = run.accounts.findLast((account) => account.held_out !== null)?.held_out;
  const inWords = stage.name === "training" || stage.name === "counting";
  const loss = stage.loss ?? last?.loss;
  return (
    <section class="live-now" aria-label="Progress">
      <div class="live-stage">
        <strong>{stageName(stage)}</strong>
        {run.unanswered > 0 && <span class="live-trouble">{warning(run)}</span>}
        <Bar stage={stage} left={isGone(run) ? null : (news?.left ?? null)} />
      </div>
      <dl>
        {inWords && <Figure name="words/s now" value={formatted(news?.speed.recent, short)} />}
        {inWords && <Figure name="words/s overall" value={formatted(news?.speed.mean, short)} />}
        <Figure name="loss" value={formatted(loss, (loss) => loss.toFixed(4))} />
        <Figure name="held out" value={formatted(unseen, (loss) => loss.toFixed(4))} />
        <Figure name="running for" value={formatted(news?.elapsed, duration)} />
      </dl>
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function formatted(value: number | null | undefined, format: (value: number) => string): string {
  return value == null ? "–" : format(value);
}

function Bar({ stage, left }: { stage: Stage; left: number | null }) {
  const { name, done, total } = stage;
  if (name === "fitted") return null;
  // The number of passes is unknown, so the share of one pass says nothing about the rest.
  if (name === "descending")
    return <p class="live-hint">Stops when a pass hardly improves the loss.</p>;
  if (done === undefined || !total) return <progress aria-label={stageName(stage)} />;
  return (
    <div class="live-bar">
      <progress aria-label={stageName(stage)} value={Math.min(done, total)} max={total} />
      <span>
        {Math.floor((100 * Math.min(done, total)) / total)} %
        {left !== null && `, ${duration(left)} left`}
      </span>
    </div>
  );
}

function stageName(stage: Stage): string {
  switch (stage.name) {
    case "starting":
      return "Starting";
    case "reading":
      return "Reading the text";
    case "counting":
      return "Counting pairs";
    case "training":
      return `Epoch ${stage.number} of ${stage.of}`;
    case "descending": {
      const words = `${grouped(stage.words ?? 0)} words`;
      return stage.number ? `Pass ${stage.number} over ${words}` : `Adding ${words}`;
    }
    case "fitted":
      return "Trained";
  }
}

function warning(run: Run): string {
  if (!isGone(run)) return "No answer. Retrying.";
  return "Training has ended, or the process has stopped. The last state stays here.";
}

const HOW = {
  saved: "Trained and saved",
  failed: "Training failed",
  interrupted: "Training was interrupted",
};

/** The result of the run, and the next command. */
function End({ ended }: { ended: Ended }) {
  return (
    <section class={`live-end ${ended.how}`} aria-label="End">
      <strong>{HOW[ended.how]}</strong>
      {ended.facts.length > 0 && <pre>{ended.facts.join("\n")}</pre>}
      {ended.command && (
        <p>
          Next: <code>{ended.command}</code>
        </p>
      )}
    </section>
  );
}

/** A line for screen readers that changes rarely: with the stage, and after each epoch. */
function summary(run: Run): string {
  const { news } = run;
  if (!news) return "";
  if (news.ended) return HOW[news.ended.how];
  if (isGone(run)) return warning(run);
  const loss = run.accounts.at(-1)?.loss;
  const lossText = loss == null ? "" : `; loss ${loss.toFixed(3)}`;
  return `${stageName(news.stage)}${lossText}`;
}

interface MovingProps {
  run: Run;
  picked: number | null;
  onPick: (probe: number | null) => void;
}

/** The map, with all probes marked, or with the picked one and its neighbours. */
function Moving({ run: { words, points, probes }, picked, onPick }: MovingProps) {
  const marked = useMemo(() => {
    const roles = new Map<Id, Role>();
    probes.forEach(({ at, neighbours }, number) => {
      if (picked !== null && picked !== number) return;
      if (at !== null) roles.set(at, "asked");
      if (picked === null) return;
      for (const near of neighbours) if (near.at !== null) roles.set(near.at, "answer");
    });
    return roles;
  }, [probes, picked]);
  // Memoised: a new function would redraw the map.
  const pick = useCallback(
    (id: Id) => {
      const probe = probes.findIndex(({ at }) => at === id);
      onPick(probe < 0 ? null : probe);
    },
    [probes, onPick],
  );
  return (
    <div class="live-map">
      <MapView
        title={`Map of ${grouped(words.length)} words, which move during training`}
        words={words}
        points={points}
        marked={marked}
        arrows={NO_ARROWS}
        view={WHOLE}
        sparing
        onPick={pick}
      />
    </div>
  );
}

const NO_ARROWS: [Id, Id][] = [];
const WHOLE: Id[] = [];
