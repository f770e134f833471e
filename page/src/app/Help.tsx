import { useEffect, useRef } from "preact/hooks";

const KEYS: [string[], string][] = [
  [["/"], "go to the search box"],
  [["↑", "↓"], "move through completions or a list of words"],
  [["Enter"], "choose a completion; open a word"],
  [["←", "→"], "switch tabs; move from a word to its “Why?” and back"],
  [["Esc"], "close completions or this dialog"],
  [["Tab"], "go to the next part of the page; on the map, use arrows, + and −"],
  [["?"], "open this dialog"],
];

/** A dialog that lists the keys. */
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
        A bar shows a cosine, from 0 to 1: how close the directions of two words’ vectors are.
        “Expected around it” shows a probability, P(outside | center). The browser’s back and
        forward buttons lead through the views you have opened.
      </p>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
