/** Requests to the server, or to the exported document in its place. */

import { store } from "../common/store";
import type { Id } from "../contract/answers";
import { address, type Questions } from "../contract/questions";
import { AnswerError } from "./errors";
import { snapshot } from "./snapshot";

const ATTEMPTS = 10; // retries of a request if the server is busy

export interface Connection {
  /** Requests without an answer yet. */
  waiting: number;
  /** Why requests fail; null if they do not. */
  error: "gone" | "forbidden" | null;
}

export const connection = store<Connection>({ waiting: 0, error: null });

/** Ask the server, or the exported document; rejects with an `AnswerError`. */
export async function ask<Name extends keyof Questions>(
  name: Name,
  params: Questions[Name]["params"],
): Promise<Questions[Name]["answer"]> {
  if (snapshot) return snapshot.answer(name, params);
  return await get(address(name, params), (response) => response.json());
}

/** Whether there is a server, or the exported document holds the answer. */
export function answerable<Name extends keyof Questions>(
  name: Name,
  params: Questions[Name]["params"],
): boolean {
  return snapshot?.holds(name, params) ?? true;
}

/** Whether there are answers about a word; an exported page has few about rare ones. */
export function isKnown(model: number, id: Id): boolean {
  return snapshot?.atHand(model).has(id) ?? true;
}

/** The points of a map: x0, y0, x1, y1, … */
export async function askPoints(model: number): Promise<Float32Array> {
  if (snapshot) return snapshot.points(model);
  return await get(address("map", { model }), async (response) => {
    return new Float32Array(await response.arrayBuffer());
  });
}

async function get<T>(where: string, read: (response: Response) => Promise<T>): Promise<T> {
  connection.change((now) => ({ ...now, waiting: now.waiting + 1 }));
  let failure = connection.get().error;
  try {
    const response = await fetchWithRetry(where);
    failure = response.status === 403 ? "forbidden" : null;
    if (!response.ok) throw await refusal(response);
    return await read(response);
  } catch (error) {
    if (error instanceof AnswerError) throw error;
    failure = "gone";
    throw new AnswerError("gone", "The explorer has stopped.");
  } finally {
    connection.change((now) => ({ waiting: now.waiting - 1, error: failure }));
  }
}

/** Fetch, and retry while the server is busy. */
async function fetchWithRetry(where: string): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(where);
    if (response.status !== 503 || attempt === ATTEMPTS) return response;
    const seconds = Number(response.headers.get("retry-after") ?? 1);
    await new Promise((resume) => setTimeout(resume, 1000 * seconds));
  }
}

async function refusal(response: Response): Promise<AnswerError> {
  if (response.status === 403)
    return new AnswerError("forbidden", "The explorer refused this browser.");
  const body: { error: string } | null = await response.json().catch(() => null);
  return new AnswerError("refused", body?.error ?? `The explorer answered ${response.status}.`);
}
