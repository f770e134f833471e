/** The state of a live run, and the polling that keeps it up to date. */

import { useEffect, useState } from "preact/hooks";
import { floats } from "../common/base64";
import type { Account, News, Probe } from "../contract/live";
import { address } from "../contract/questions";

/** All that is known of the run. */
export interface Run {
  news: News | null;
  loss: [number, number][];
  accounts: Account[];
  words: string[];
  points: Float32Array;
  probes: Probe[];
  searched: number | null;
  /** How many times in a row there was no answer. */
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

const PERIOD = 1000; // ms from an answer to the next question, at least
const LONGEST = 2500; // and at most, which is less than the process waits for at its end
const SOON = 5; // seconds: an end that is so near is waited for by short periods
const PATIENCE = 4; // questions without an answer until the process is taken to be gone

/** Whether the process is taken to be gone. */
export function isGone(run: Run): boolean {
  return run.unanswered >= PATIENCE;
}

/** Follow the run: while the page can be seen, and until the run has ended or is gone. */
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
        // One more question after the end: it tells the process that the page has all.
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

/** How long to wait, in ms: the older the run, the less there is to miss, and asking costs it time. */
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
