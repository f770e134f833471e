/** Answers as components follow them: asked for once, kept for the way back. */

import { useEffect, useReducer, useRef } from "preact/hooks";
import { store } from "../common/store";
import type { Id } from "../contract/answers";
import { address, type Questions } from "../contract/questions";
import { ask, askPoints } from "./client";
import { Trouble } from "./errors";

export interface Asked<T> {
  /** The answer; while a new one is on its way, the last one. */
  value: T | null;
  waiting: boolean;
  trouble: Trouble | null;
}

interface Held {
  value: unknown;
  trouble: Trouble | null;
  settled: boolean;
  promise: Promise<void>;
}

const held = new Map<string, Held>();
const attempt = store(0);

/** Ask again what got no answer. */
export function retry() {
  for (const [key, { trouble }] of held) if (trouble) held.delete(key);
  attempt.change((count) => count + 1);
}

/** The answer to one question; of equal keys the same. Without a key nothing is asked. */
export function useAsked<T>(key: string | null, start: () => Promise<T>): Asked<T> {
  const [, redraw] = useReducer((count: number, _: null) => count + 1, 0);
  const attempts = attempt.use();
  const last = useRef<T | null>(null);
  const starting = useRef(start);
  starting.current = start;

  useEffect(() => {
    if (key === null) return;
    let current = true;
    hold(key, starting.current).promise.then(() => {
      if (current) redraw(null);
    });
    return () => {
      current = false;
    };
  }, [key, attempts]);

  if (key === null) {
    last.current = null;
    return { value: null, waiting: false, trouble: null };
  }
  const now = held.get(key);
  if (now?.settled) last.current = now.value as T | null;
  return { value: last.current, waiting: !now?.settled, trouble: now?.trouble ?? null };
}

function hold<T>(key: string, start: () => Promise<T>): Held {
  const known = held.get(key);
  if (known) return known;
  const entry: Held = { value: null, trouble: null, settled: false, promise: Promise.resolve() };
  entry.promise = start()
    .then((value) => {
      entry.value = value;
    })
    .catch((error: unknown) => {
      entry.trouble = error instanceof Trouble ? error : new Trouble("refused", String(error));
    })
    .then(() => {
      entry.settled = true;
    });
  held.set(key, entry);
  return entry;
}

/** The answer to a question of the contract. */
export function useAnswer<Name extends keyof Questions>(
  name: Name,
  params: Questions[Name]["params"] | null,
): Asked<Questions[Name]["answer"]> {
  return useAsked(params && address(name, params), () =>
    ask(name, params as Questions[Name]["params"]),
  );
}

/** Where the words of a map stand; a new layout is asked for, and the old one shown until then. */
export function usePoints(model: number, layout: string): Asked<Float32Array> {
  return useAsked(`map ${model} ${layout}`, () => askPoints(model));
}

/** The same words in another model; null in a place: it is not there, or there was none. */
export function useSame(
  ids: readonly (Id | null)[],
  model: number,
  other: number,
): Asked<(Id | null)[]> {
  const elsewhere = useAsked(model === other ? null : `same ${model} ${other} ${ids.join()}`, () =>
    Promise.all(ids.map((id) => sameWord(id, model, other))),
  );
  if (model === other) return { value: [...ids], waiting: false, trouble: null };
  return elsewhere;
}

/** The same word in another model; null: it is not there. */
export async function sameWord(id: Id | null, model: number, other: number): Promise<Id | null> {
  if (id === null || model === other) return id;
  return (await ask("same", { model, id, other }))?.id ?? null;
}

/** The word of an id, once it is known; the words of the map are known first. */
export function useWord(model: number, id: Id | null): string | null {
  const words = useAnswer("words", id === null ? null : { model }).value;
  const mapped = id === null ? undefined : words?.[id];
  const beyond = id !== null && words !== null && mapped === undefined;
  const answer = useAnswer("neighbours", beyond ? { model, id, n: 1 } : null);
  return mapped ?? answer.value?.word ?? null;
}
