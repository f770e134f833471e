/** Displays words as plain text, whatever they contain. */

// Control characters, lone surrogates, spaces, and marks that change the direction of text.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Z}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const NAMES: Record<string, string> = { " ": "␣", "\n": "\\n", "\t": "\\t", "\r": "\\r" };
const LONG = 18;

/** A word with invisible characters escaped; invalid UTF-8 bytes arrive as \udc80 to \udcff. */
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

/** A word in text or in a list; the stylesheet cuts long ones, a tooltip shows them whole. */
export function Text({ word }: { word: string }) {
  const shown = visible(word);
  return (
    <span class="word" dir="auto" title={shown.length > LONG ? shown : undefined}>
      {shown}
    </span>
  );
}

/** A word without case and accents, for searching. */
export function plain(text: string): string {
  // Upper case first, since ß becomes SS.
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase().toLowerCase();
}
