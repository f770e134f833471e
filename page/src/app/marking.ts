/** The marks of a view on a map. */

import { useMemo } from "preact/hooks";
import type { Id, Model } from "../contract/answers";
import { NUMBERS } from "../contract/questions";
import { useAnswer, useSame } from "../data/useAnswer";
import { idsOf, type View } from "../data/view";
import type { Role } from "../map/types";

export interface Marking {
  marked: ReadonlyMap<Id, Role>;
  arrows: readonly (readonly [Id, Id])[];
  view: readonly Id[];
}

type Pair = readonly [Id, Id];

const FLOWN_TO = 10; // neighbours that the map zooms to

/** What a view marks on the map of a model; equal marks are the same object. */
export function useMarking(view: View, model: number, of: Model | undefined): Marking {
  const same = useSame(idsOf(view), view.model, model).value ?? [];
  const queried = same.filter((id) => id !== null);
  const word = useWordAnswers(view.tab === "word" ? queried : [], model);
  const analogy = useAnalogyAnswers(view, same, model);
  const compared = useCompareAnswers(view.tab === "compare" ? queried : [], model);
  const answers = [...word, ...analogy, ...compared];
  const arrows = view.tab === "analogy" ? arrowsOf(same, analogy[0]) : (of?.arrows ?? []);
  const named = of?.named ?? [];
  const key = JSON.stringify([queried, answers, arrows, named]);
  return useMemo(() => {
    const marked = new Map<Id, Role>();
    for (const id of named) marked.set(id, "other");
    for (const id of answers) marked.set(id, "answer");
    for (const id of queried) marked.set(id, "asked");
    return { marked, arrows, view: [...queried, ...answers.slice(0, FLOWN_TO)] };
  }, [key]);
}

function useWordAnswers(queried: readonly Id[], model: number): Id[] {
  const id = queried[0];
  const answer = useAnswer(
    "neighbours",
    id === undefined ? null : { model, id, n: NUMBERS.neighbours },
  );
  return answer.waiting ? [] : (answer.value?.neighbours.map((near) => near.id) ?? []);
}

/** The best answer only, where the second arrow ends. */
function useAnalogyAnswers(view: View, same: readonly (Id | null)[], model: number): Id[] {
  const [a, b, c] = same;
  const method = view.tab === "analogy" ? view.method : null;
  const known = method !== null && a != null && b != null && c != null;
  const answer = useAnswer(
    "analogy",
    known ? { model, a, b, c, n: NUMBERS.analogy, method } : null,
  );
  const best = answer.waiting ? undefined : answer.value?.[0];
  return best ? [best.id] : [];
}

function useCompareAnswers(queried: readonly Id[], model: number): Id[] {
  const ids = queried.join();
  const answer = useAnswer(
    "compare",
    queried.length < 2 ? null : { model, ids, n: NUMBERS.compare },
  );
  return answer.waiting ? [] : (answer.value?.near.map((near) => near.id) ?? []);
}

function arrowsOf([a, b, c]: readonly (Id | null)[], answer: Id | undefined): Pair[] {
  const arrows: Pair[] = [];
  if (a != null && b != null) arrows.push([a, b]);
  if (c != null && answer !== undefined) arrows.push([c, answer]);
  return arrows;
}
