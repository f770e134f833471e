import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../common/text";
import type { About, Id } from "../contract/answers";
import { MOST_COMPARED } from "../contract/questions";
import { ask, connection } from "../data/client";
import { AnswerError } from "../data/errors";
import { snapshot } from "../data/snapshot";
import { retry, sameWord, useCached, useWord } from "../data/useAnswer";
import { blank, idsOf, type Slots, type Tab, useView, type View } from "../data/view";
import { Live } from "../live/Live";
import { AnalogyPanel } from "../panels/AnalogyPanel";
import { ComparePanel } from "../panels/ComparePanel";
import { Start } from "../panels/Start";
import { WordPanel } from "../panels/WordPanel";
import { Header } from "./Header";
import { Help } from "./Help";
import { Maps } from "./Maps";
import { Search } from "./Search";
import { Tabs } from "./Tabs";

const LAYOUT_POLL = 2000; // ms between requests for the state of a pending layout
const SLOW = 300; // ms until the page shows that it is loading

/** The page: a run in progress, or models to explore. */
export function App() {
  const about = useAbout();
  return about?.live ? <Live /> : <Explorer about={about} />;
}

/** What the server offers; requested again while a layout is pending. */
function useAbout(): About | null {
  const [round, setRound] = useState(0);
  const { value } = useCached(`about ${round}`, () => ask("about", {}));
  const latest = useRef<About | null>(null);
  if (value && JSON.stringify(value) !== JSON.stringify(latest.current)) latest.current = value;
  const pending = latest.current?.models.some((model) => model.pending !== null) ?? false;
  useEffect(() => {
    if (!pending) return;
    const again = () => connection.get().error ?? setRound((now) => now + 1);
    const timer = setInterval(again, LAYOUT_POLL);
    return () => clearInterval(timer);
  }, [pending]);
  return latest.current;
}

function Explorer({ about }: { about: About | null }) {
  const [view, go] = useView(about, snapshot?.view ?? null);
  const [help, setHelp] = useState(false);
  const [slot, setSlot] = useSlot(view);
  const [notice, setNotice] = useState("");
  const last = useLastViews(view);
  useHelpKey(() => setHelp(true));
  const title = useTitle(view);
  const now = useRef({ view, slot });
  now.current = { view, slot };

  const open = (model: number, id: Id) => go({ tab: "word", model, id, beside: null });

  function show(next: View) {
    setNotice("");
    setSlot(null);
    go(next);
  }

  /** Put a word that was clicked or found where the tab needs one. */
  async function pick(model: number, id: Id) {
    setNotice("");
    const before = now.current.view;
    if (before.tab === "word") return open(model, id);
    const empty = idsOf(before).every((other) => other === null);
    const there = empty ? id : await sameWord(id, model, before.model).catch(ignoreAnswerError);
    if (there === undefined) return;
    const { view, slot } = now.current;
    const name = about?.models[view.model]?.name ?? "";
    if (there === null) return setNotice(`That word is not in ${name}.`);
    const home = empty ? model : view.model;
    if (view.tab === "compare") add({ ...view, model: home }, there);
    else if (view.tab === "analogy") fill({ ...view, model: home }, slot, there);
  }

  function add(view: Extract<View, { tab: "compare" }>, id: Id) {
    if (view.ids.includes(id)) return setNotice("That word is already in the comparison.");
    if (view.ids.length >= MOST_COMPARED) {
      return setNotice(`A comparison has at most ${MOST_COMPARED} words; click one to remove it.`);
    }
    go({ ...view, ids: [...view.ids, id] });
  }

  /** Fill a slot of the analogy; if none is free, open the word. */
  function fill(view: Extract<View, { tab: "analogy" }>, slot: number | null, id: Id) {
    if (slot === null) return open(view.model, id);
    const ids = view.ids.map((other, at) => (at === slot ? id : other)) as unknown as Slots;
    setSlot(null);
    go({ ...view, ids });
  }

  function compare(id: Id) {
    const before = last.compare;
    const mine = before.model === view.model && before.tab === "compare" ? before.ids : [];
    const ids = mine.includes(id) ? mine : [...mine, id].slice(-MOST_COMPARED);
    show({ tab: "compare", model: view.model, ids });
  }

  const useInAnalogy = (id: Id) =>
    show({ tab: "analogy", model: view.model, ids: [id, null, null], method: "add" });

  function turn(tab: Tab) {
    const before = last[tab];
    show(before.model === view.model ? before : blank(tab, view.model));
  }

  /** Show the same words in the other model. */
  async function turnTo(model: number) {
    const same = idsOf(view).map((id) => sameWord(id, view.model, model));
    setNotice("");
    const ids = await Promise.all(same).catch(ignoreAnswerError);
    if (!ids) return setNotice(`${about?.models[model]?.name} did not answer.`);
    if (view.tab === "word") show({ tab: "word", model, id: ids[0] ?? null, beside: null });
    else if (view.tab === "compare") show({ ...view, model, ids: ids.filter((id) => id !== null) });
    else show({ ...view, model, ids: ids as unknown as Slots });
  }

  return (
    <div class={about && about.models.length > 1 ? "page two" : "page"}>
      <Progress />
      <Header about={about} view={view} onHelp={() => setHelp(true)} />
      <Banner />
      <div class="find">
        {about && about.models.length > 1 && (
          <ModelSwitch about={about} model={view.model} onModel={turnTo} />
        )}
        <Search about={about} model={view.model} onPick={pick} />
      </div>
      <div class="side">
        <Tabs tab={view.tab} title={title} onTab={turn}>
          {notice && (
            <p class="notice" role="status">
              {notice}
            </p>
          )}
          {about && view.tab === "word" && view.id === null && (
            <Start about={about} model={view.model} onPick={pick} />
          )}
          {about && view.tab === "word" && view.id !== null && (
            <WordPanel
              about={about}
              model={view.model}
              id={view.id}
              beside={view.beside}
              onPick={open}
              onBeside={(model, id, beside) => show({ tab: "word", model, id, beside })}
              onCompare={() => view.id !== null && compare(view.id)}
              onAnalogy={() => view.id !== null && useInAnalogy(view.id)}
            />
          )}
          {about && view.tab === "analogy" && (
            <AnalogyPanel
              about={about}
              view={view}
              slot={slot}
              onSlot={setSlot}
              onView={show}
              onPick={pick}
            />
          )}
          {about && view.tab === "compare" && (
            <ComparePanel about={about} view={view} onView={show} onPick={pick} onOpen={open} />
          )}
        </Tabs>
      </div>
      <Maps about={about} view={view} onPick={pick} />
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/** Treat a failed answer as none; the banner reports errors of the whole page. */
function ignoreAnswerError(error: unknown): undefined {
  if (!(error instanceof AnswerError)) throw error;
}

/** The slot of an analogy for the next word: the chosen one, else the first free one. */
function useSlot(view: View): [number | null, (slot: number | null) => void] {
  const [chosen, setChosen] = useState<number | null>(null);
  if (view.tab !== "analogy") return [null, setChosen];
  const free = view.ids.indexOf(null);
  return [chosen ?? (free < 0 ? null : free), setChosen];
}

/** What each tab showed last, to return to it. */
function useLastViews(view: View): Record<Tab, View> {
  const last = useRef<Record<Tab, View>>({
    word: blank("word", view.model),
    analogy: blank("analogy", view.model),
    compare: blank("compare", view.model),
  });
  last.current[view.tab] = view;
  return last.current;
}

function useHelpKey(onHelp: () => void) {
  const handler = useRef(onHelp);
  handler.current = onHelp;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "?" && !(event.target instanceof HTMLInputElement)) handler.current();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const TITLES: Record<Tab, string> = { word: "Words", analogy: "Analogy", compare: "Compare" };

/** The title of a view, for history and bookmarks. */
function useTitle(view: View): string {
  const word = useWord(view.model, view.tab === "word" ? view.id : null);
  const title = `${word === null ? TITLES[view.tab] : visible(word)} · wordkin`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return title;
}

interface ModelSwitchProps {
  about: About;
  model: number;
  onModel: (model: number) => void;
}

/** Chooses between two models. */
function ModelSwitch({ about, model, onModel }: ModelSwitchProps) {
  return (
    <div class="choice wide" role="radiogroup" aria-label="Model">
      {about.models.map((one, at) => (
        <label key={one.name}>
          <input type="radio" name="model" checked={at === model} onChange={() => onModel(at)} />
          <span>{one.name}</span>
        </label>
      ))}
    </div>
  );
}

/** A thin line while an answer is slow. */
function Progress() {
  const busy = connection.use().waiting > 0;
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!busy) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW);
    return () => clearTimeout(timer);
  }, [busy]);
  return <div class="progress" hidden={!slow} />;
}

const BANNERS = {
  gone: "The explorer has stopped. Start it again with wordkin explore.",
  forbidden: "The explorer does not know this browser. Open the address that it printed.",
};

/** Errors of the whole page. */
function Banner() {
  const { error } = connection.use();
  if (!error) return null;
  return (
    <p class="banner" role="alert">
      {BANNERS[error]}
      <button type="button" class="small" onClick={retry}>
        Try again
      </button>
    </p>
  );
}
