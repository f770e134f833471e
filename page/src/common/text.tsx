/** Words as they are shown: whatever is in them, as text. */

// Control characters, halves of surrogate pairs, spaces, and marks that turn the direction of text.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Z}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const NAMES: Record<string, string> = { " ": "␣", "\n": "\\n", "\t": "\\t", "\r": "\\r" };
const LONG = 18;

/** A word with what cannot be seen made visible; bytes that are no UTF-8 came as \udc80 to \udcff. */
export function visible(word: string): string {
  if (word === "") return "(empty)";
  return word.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const name = NAMES[character];
    if (name) return name;
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    const byte = code < 0x80 || (code >= 0xdc80 && code <= 0xdcff);
    return byte ? `\\x${hex.slice(2)}` : `\\u${hex}`;
  });
}

/** A word in running text or in a list; a long one is cut by the stylesheet, and whole in a tip. */
export function Text({ word }: { word: string }) {
  const shown = visible(word);
  return (
    <span class="word" dir="auto" title={shown.length > LONG ? shown : undefined}>
      {shown}
    </span>
  );
}

/** A spelling without case and marks, as words are searched for. */
export function plain(text: string): string {
  // Large letters first: ß is SS.
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase().toLowerCase();
}
