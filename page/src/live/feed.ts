/** The state of a live run, and the polling that keeps it up to date. */

import { useEffect, useState } from "preact/hooks";
import { floats } from "../common/base64";
import type { Account, News, Probe } from "../contract/live";
import { address } from "../contract/questions";

/** The state of the run, as far as it was received. */
export interface Run {
  news: News | null;
  loss: [number, number][];
  accounts: Account[];
  words: string[];
  points: Float32Array;
  probes: Probe[];
  searched: number | null;
  /** Number of consecutive requests without an answer. */
  unanswered: number;
}

const NOTHING: Run = {
  news: null,
  loss: [],
  accounts: [],
  words: [],
  points: new Float32Array(),
  probes: [],
  searched: null,
  unanswered: 0,
};

const PERIOD = 1000; // ms from an answer to the next request, at least
const LONGEST = 2500; // and at most: less than the process waits for at its end
const SOON = 5; // seconds before the end, in which polling is frequent
const PATIENCE = 4; // unanswered requests after which the process counts as gone

/** Whether the process counts as gone. */
export function isGone(run: Run): boolean {
  return run.unanswered >= PATIENCE;
}

/** Poll the run while the page is visible, until the run has ended or is gone. */
export function useRun(): Run {
  const [run, setRun] = useState(NOTHING);
  useEffect(() => {
    let seen = 0;
    let unanswered = 0;
    let timer = 0;
    let over = false;
    let asking = false;
    const stop = new AbortController();

    async function ask() {
      if (asking || over) return;
      asking = true;
      try {
        const answer = await fetch(address("live", { since: seen }), { signal: stop.signal });
        if (!answer.ok) throw new Error(answer.statusText);
        const news: News = await answer.json();
        // One more request after the end tells the process that the page has everything.
        over = news.ended !== null && news.moment === seen;
        seen = news.moment;
        unanswered = 0;
        setRun((run) => updated(run, news));
        later(news.ended ? 0 : period(news));
      } catch {
        if (stop.signal.aborted) return;
        unanswered += 1;
        over = unanswered >= PATIENCE;
        setRun((run) => ({ ...run, unanswered }));
        later(PERIOD * 2 ** unanswered);
      } finally {
        asking = false;
      }
    }

    function later(wait: number) {
      clearTimeout(timer);
      if (!over && !document.hidden) timer = window.setTimeout(ask, wait);
    }

    function turn() {
      if (document.hidden) clearTimeout(timer);
      else ask();
    }

    document.addEventListener("visibilitychange", turn);
    ask();
    return () => {
      document.removeEventListener("visibilitychange", turn);
      clearTimeout(timer);
      stop.abort();
    };
  }, []);
  return run;
}

/** Milliseconds until the next request: it costs the run time, and an old run changes slowly. */
function period({ elapsed, left }: News): number {
  if (left !== null && left < SOON) return PERIOD;
  return Math.min(Math.max(100 * elapsed, PERIOD), LONGEST);
}

function updated(run: Run, news: News): Run {
  const { frame } = news;
  return {
    news,
    loss: news.anew ? news.loss : news.loss.length ? [...run.loss, ...news.loss] : run.loss,
    accounts: news.accounts.length ? [...run.accounts, ...news.accounts] : run.accounts,
    words: news.map ?? run.words,
    points: frame ? floats(frame.points) : run.points,
    probes: frame ? frame.probes : run.probes,
    searched: frame ? frame.searched : run.searched,
    unanswered: 0,
  };
}
