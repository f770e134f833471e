/** Hooks for answers: each request is sent once, and its answer cached. */

import { useEffect, useReducer, useRef } from "preact/hooks";
import { store } from "../common/store";
import type { Id } from "../contract/answers";
import { address, type Questions } from "../contract/questions";
import { ask, askPoints } from "./client";
import { AnswerError } from "./errors";

export interface Loaded<T> {
  /** The answer; while a new one is loading, the previous one. */
  value: T | null;
  waiting: boolean;
  error: AnswerError | null;
}

interface Entry {
  value: unknown;
  error: AnswerError | null;
  settled: boolean;
  promise: Promise<void>;
}

const cache = new Map<string, Entry>();
const attempt = store(0);

/** Repeat the requests that failed. */
export function retry() {
  for (const [key, { error }] of cache) if (error) cache.delete(key);
  attempt.change((count) => count + 1);
}

/** The answer to one request; equal keys share it. Without a key nothing is requested. */
export function useCached<T>(key: string | null, start: () => Promise<T>): Loaded<T> {
  const [, redraw] = useReducer((count: number, _: null) => count + 1, 0);
  const attempts = attempt.use();
  const last = useRef<T | null>(null);
  const starting = useRef(start);
  starting.current = start;

  useEffect(() => {
    if (key === null) return;
    let current = true;
    load(key, starting.current).promise.then(() => {
      if (current) redraw(null);
    });
    return () => {
      current = false;
    };
  }, [key, attempts]);

  if (key === null) {
    last.current = null;
    return { value: null, waiting: false, error: null };
  }
  const now = cache.get(key);
  if (now?.settled) last.current = now.value as T | null;
  return { value: last.current, waiting: !now?.settled, error: now?.error ?? null };
}

function load<T>(key: string, start: () => Promise<T>): Entry {
  const cached = cache.get(key);
  if (cached) return cached;
  const entry: Entry = { value: null, error: null, settled: false, promise: Promise.resolve() };
  entry.promise = start()
    .then((value) => {
      entry.value = value;
    })
    .catch((error: unknown) => {
      entry.error =
        error instanceof AnswerError ? error : new AnswerError("refused", String(error));
    })
    .then(() => {
      entry.settled = true;
    });
  cache.set(key, entry);
  return entry;
}

/** The answer to a request of the contract. */
export function useAnswer<Name extends keyof Questions>(
  name: Name,
  params: Questions[Name]["params"] | null,
): Loaded<Questions[Name]["answer"]> {
  return useCached(params && address(name, params), () =>
    ask(name, params as Questions[Name]["params"]),
  );
}

/** The points of a map; while a new layout loads, those of the old one. */
export function usePoints(model: number, layout: string): Loaded<Float32Array> {
  return useCached(`map ${model} ${layout}`, () => askPoints(model));
}

/** The same words in another model; null for words that are not there, and for null. */
export function useSame(
  ids: readonly (Id | null)[],
  model: number,
  other: number,
): Loaded<(Id | null)[]> {
  const elsewhere = useCached(model === other ? null : `same ${model} ${other} ${ids.join()}`, () =>
    Promise.all(ids.map((id) => sameWord(id, model, other))),
  );
  if (model === other) return { value: [...ids], waiting: false, error: null };
  return elsewhere;
}

/** The same word in another model; null if it is not there. */
export async function sameWord(id: Id | null, model: number, other: number): Promise<Id | null> {
  if (id === null || model === other) return id;
  return (await ask("same", { model, id, other }))?.id ?? null;
}

/** The word of an id, once it is loaded; words of the map are loaded first. */
export function useWord(model: number, id: Id | null): string | null {
  const words = useAnswer("words", id === null ? null : { model }).value;
  const mapped = id === null ? undefined : words?.[id];
  const beyond = id !== null && words !== null && mapped === undefined;
  const answer = useAnswer("neighbours", beyond ? { model, id, n: 1 } : null);
  return mapped ?? answer.value?.word ?? null;
}
