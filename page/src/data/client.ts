/** Requests to the server, or to the exported document in its place. */

import { store } from "../common/store";
import type { Id } from "../contract/answers";
import { address, type Questions } from "../contract/questions";
import { AnswerError } from "./errors";
import { snapshot } from "./snapshot";

const ATTEMPTS = 10; // at a question, where the server has too much to do

export interface Connection {
  /** Requests without an answer yet. */
  waiting: number;
  /** Why no request is answered, if none is. */
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

/** Whether there is somebody to ask, or the exported document holds the answer. */
export function answerable<Name extends keyof Questions>(
  name: Name,
  params: Questions[Name]["params"],
): boolean {
  return snapshot?.holds(name, params) ?? true;
}

/** Whether a word can be asked anything about: an exported page knows little of rare ones. */
export function isKnown(model: number, id: Id): boolean {
  return snapshot?.atHand(model).has(id) ?? true;
}

/** Where the words of a map stand: x0, y0, x1, y1, … */
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
    const response = await patiently(where);
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

/** Fetch, and come back where too much was asked at once. */
async function patiently(where: string): Promise<Response> {
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
  const said: { error: string } | null = await response.json().catch(() => null);
  return new AnswerError("refused", said?.error ?? `The explorer answered ${response.status}.`);
}
