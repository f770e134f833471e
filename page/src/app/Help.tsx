import { useEffect, useRef } from "preact/hooks";

const KEYS: [string[], string][] = [
  [["/"], "search, from anywhere"],
  [["↑", "↓"], "through completions, and through a list of words"],
  [["Enter"], "take a completion; open a word"],
  [["←", "→"], "from tab to tab; from a word to its “Why?” and back"],
  [["Esc"], "close completions, or this"],
  [["Tab"], "to the next part of the page; the map listens to arrows, + and −"],
  [["?"], "this"],
];

/** The keys, in a dialog. */
export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>
        A bar is a cosine, from 0 to 1: how near two words’ vectors point. “Expected around it” is a
        probability, P(outside | center). The browser’s back and forward lead through what you
        looked at.
      </p>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
