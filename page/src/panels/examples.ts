/** Analogies and words to begin with: those whose words the model has. */

import type { Id } from "../contract/answers";

const ANALOGIES = [
  ["man", "king", "woman"],
  ["france", "paris", "germany"],
  ["France", "Paris", "Germany"],
  ["good", "better", "bad"],
  ["walk", "walking", "swim"],
  ["japan", "tokyo", "korea"],
  ["big", "biggest", "small"],
  ["한국", "서울", "일본"],
  ["대한민국", "서울", "일본"],
  ["프랑스", "파리", "독일"],
  ["프랑스", "파리", "영국"],
  ["남자", "왕", "여자"],
  ["남성", "왕", "여성"],
  ["아버지", "아들", "어머니"],
];

/** The ids of the examples whose words the model all has. */
export function examplesIn(
  words: readonly string[],
  known: (id: Id) => boolean,
  most = 6,
): [Id, Id, Id][] {
  const wanted = new Set(ANALOGIES.flat());
  const ids = new Map<string, Id>();
  for (const [id, word] of words.entries()) if (wanted.has(word) && known(id)) ids.set(word, id);
  return ANALOGIES.map((analogy) => analogy.map((word) => ids.get(word)))
    .filter((found): found is [Id, Id, Id] => found.every((id) => id !== undefined))
    .slice(0, most);
}

const LETTERS = /^\p{L}+$/u;
const HAN_OR_HANGUL = /[\p{sc=Hang}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u;

/**
 * Words to begin with: frequent, spread evenly, and long enough to mean something: the most frequent
 * words of a text are "the" and "of".
 */
export function beginnings(words: readonly string[], known: (id: Id) => boolean, most = 24): Id[] {
  const first = Math.min(100, Math.floor(words.length / 10));
  const candidates: Id[] = [];
  for (let id = first; id < Math.min(words.length, 3000); id++) {
    const word = words[id] ?? "";
    const long = word.length >= (HAN_OR_HANGUL.test(word) ? 2 : 5) && word.length <= 12;
    if (long && LETTERS.test(word) && known(id)) candidates.push(id);
  }
  const step = Math.max(1, candidates.length / most);
  const chosen = candidates.filter(
    (_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step),
  );
  const some = chosen.length > 0 ? chosen : [...words.keys()].filter(known);
  return some.slice(0, most);
}
