import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Tab } from "../data/view";

const TABS: [Tab, string][] = [
  ["word", "Word"],
  ["analogy", "Analogy"],
  ["compare", "Compare"],
];

interface TabsProps {
  tab: Tab;
  /** What the panel shows; when it changes, the panel scrolls to its top. */
  title: string;
  onTab: (tab: Tab) => void;
  children: ComponentChildren;
}

/** Tabs, with arrow keys to switch between them, and the panel of the current one. */
export function Tabs({ tab, title, onTab, children }: TabsProps) {
  const panel = useRef<HTMLDivElement>(null);
  const before = useRef(title);
  useEffect(() => {
    if (before.current === title) return;
    before.current = title;
    panel.current?.scrollTo(0, 0);
    // If the focused element is gone, keep the focus here instead of at the top of the page.
    if (document.activeElement === document.body) panel.current?.focus();
  }, [title]);

  function press(event: KeyboardEvent & { currentTarget: HTMLElement }) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = TABS.findIndex(([name]) => name === tab);
    const next = (at + step + TABS.length) % TABS.length;
    onTab(TABS[next]?.[0] ?? "word");
    const button = event.currentTarget.children[next];
    if (button instanceof HTMLElement) button.focus();
  }
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Views" onKeyDown={press}>
        {TABS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={name === tab}
            aria-controls="panel"
            tabIndex={name === tab ? 0 : -1}
            class="tab"
            onClick={() => onTab(name)}
          >
            {label}
          </button>
        ))}
      </div>
      <div
        ref={panel}
        class="panel"
        role="tabpanel"
        id="panel"
        aria-labelledby={`tab-${tab}`}
        tabIndex={-1}
      >
        {children}
      </div>
    </>
  );
}
