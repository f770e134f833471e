import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { grouped } from "../common/numbers";
import { plain, Text, visible } from "../common/text";
import type { About, Id, Word } from "../contract/answers";
import { ask } from "../data/client";
import { AnswerError } from "../data/errors";

const DEBOUNCE = 60; // ms without a key before a request
const MOST = 10; // completions

/** A completion, and the model that it is in. */
interface Offer extends Word {
  model: number;
}

/** The completions of a query; near: no word contains it, these are like it. */
interface Found {
  query: string;
  offers: Offer[];
  near: boolean;
  /** Of how many n-grams a vector of the query was composed, whose neighbours these are, or 0. */
  ngrams: number;
  /** Why the request failed. */
  error: AnswerError | null;
}

/** The completion chosen by arrow keys; valid for one answer only. */
interface Choice {
  among: Found | null;
  at: number;
}

interface SearchProps {
  about: About | null;
  model: number;
  onPick: (model: number, id: Id) => void;
}

/** A search box that completes words while typing: a WAI-ARIA combobox. */
export function Search({ about, model, onPick }: SearchProps) {
  const [query, setQuery] = useState("");
  const [choice, setChoice] = useState<Choice>({ among: null, at: -1 });
  const [open, setOpen] = useState(false);
  const entered = useRef(false);
  const found = useFound(about, model, query);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  useFocusKey(input);

  const current = found?.query === query ? found : null;
  const shown = open && query !== "" && found !== null;
  const offers = shown ? found.offers : [];
  const active = choice.among === found ? choice.at : -1;

  function type(text: string) {
    entered.current = false;
    setQuery(text);
    setChoice({ among: null, at: -1 });
    setOpen(true);
  }

  function take(offer: Offer) {
    type("");
    // An on-screen keyboard would cover the result.
    if (matchMedia("(pointer: coarse)").matches) input.current?.blur();
    onPick(offer.model, offer.id);
  }

  function takeFirst({ offers, near }: Found) {
    entered.current = false;
    const first = offers[0];
    if (first && !near) take(first);
    else setOpen(true);
  }

  // Enter may be pressed before the answer arrives: then it takes effect on arrival.
  useEffect(() => {
    if (entered.current && current) takeFirst(current);
  }, [current]);

  function enter() {
    const chosen = offers[active];
    if (chosen) take(chosen);
    else if (current) takeFirst(current);
    else entered.current = query !== "";
  }

  function press(event: KeyboardEvent) {
    // While an input method composes, it handles the keys; Safari marks them by 229.
    if (event.isComposing || event.keyCode === 229) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setOpen(true);
      // One position more than there are completions: the box itself, with none active.
      const places = offers.length + 1;
      setChoice({ among: found, at: ((active + 1 + step + places) % places) - 1 });
    } else if (event.key === "/" && query === "") {
      event.preventDefault(); // it focuses the box, which has the focus already
    } else if (event.key === "Enter") {
      event.preventDefault();
      enter();
    } else if (event.key === "Escape") {
      if (shown) setOpen(false);
      else type("");
    }
  }

  return (
    <search class="search">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Search a word"
        aria-expanded={offers.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
        placeholder={placeholder(about, model)}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        enterkeyhint="search"
        maxLength={200}
        dir="auto"
        value={query}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={press}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      />
      <span class="hint" aria-hidden="true">
        /
      </span>
      <div class="offers" hidden={!shown}>
        {shown && found.near && <Unknown found={found} />}
        <div role="listbox" id={list} aria-label="Words">
          {offers.map((offer, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the box handles keys and names the active option
            <div
              key={`${offer.model} ${offer.id}`}
              id={`${list}-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === active}
              class="offer"
              // Keep the focus in the box, since losing it would close the list.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(offer)}
            >
              <Text word={offer.word} />
              <span class="offer-place">
                {offer.model === model ? grouped(offer.id + 1) : about?.models[offer.model]?.name}
              </span>
            </div>
          ))}
        </div>
      </div>
      <p class="unseen" role="status">
        {shown ? announcement(found) : ""}
      </p>
    </search>
  );
}

function Unknown({ found }: { found: Found }) {
  if (found.error) return <p class="offers-note">{found.error.message}</p>;
  return (
    <p class="offers-note">
      No word “<bdi>{visible(found.query)}</bdi>”.
      {found.offers.length > 0 && ` ${likeness(found)}:`}
    </p>
  );
}

function placeholder(about: About | null, model: number): string {
  const one = about?.models[model];
  if (!one) return "Search";
  return about?.exported ? "Search on this page" : `Search ${grouped(one.words)} words`;
}

function likeness({ ngrams }: Found): string {
  if (ngrams === 0) return "Similar spellings";
  return `Nearest, composed from ${ngrams === 1 ? "1 n-gram" : `${grouped(ngrams)} n-grams`}`;
}

function announcement(found: Found): string {
  if (found.error) return found.error.message;
  const count = found.offers.length;
  const words = count === 1 ? "1 word" : `${count} words`;
  if (!found.near) return words;
  const like = found.ngrams > 0 ? "near it" : "with a similar spelling";
  return `No word ${visible(found.query)}; ${words} ${like}`;
}

/** The completions of the last query, in whatever order answers arrive. */
function useFound(about: About | null, model: number, query: string): Found | null {
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    if (query === "" || !about) return setFound(null);
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const now = await find(about, model, query);
        if (current) setFound(now);
      } catch (error) {
        if (!(error instanceof AnswerError)) throw error;
        if (current) setFound({ query, offers: [], near: true, ngrams: 0, error });
      }
    }, DEBOUNCE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [about, model, query]);
  return found;
}

/** Words of the model, and an exact match that only another model has. */
async function find(about: About, model: number, query: string): Promise<Found> {
  const everywhere = about.models.map((_, at) => ask("search", { model: at, q: query, n: MOST }));
  const answers = await Promise.all(everywhere);
  const offers: Offer[] = (answers[model] ?? []).map((word) => ({ ...word, model }));
  for (const [other, words] of answers.entries()) {
    const exact = words.find(({ word }) => word === query);
    if (exact && offers.every(({ word }) => word !== query)) {
      offers.unshift({ ...exact, model: other });
    }
  }
  // On-screen keyboards add a space after a word.
  const wanted = plain(query.trim());
  const near = offers.every(({ word }) => !plain(word).includes(wanted));
  if (near && about.models[model]?.composes) {
    const composed = await ask("composed", { model, q: query, n: MOST });
    if (composed) {
      const nearest = composed.neighbours.map(({ id, word }) => ({ id, word, model }));
      return { query, offers: nearest, near, ngrams: composed.ngrams, error: null };
    }
  }
  return { query, offers, near, ngrams: 0, error: null };
}

/** Focus the search box on `/`, unless another text field has the focus. */
function useFocusKey(input: { current: HTMLInputElement | null }) {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target;
      const writing = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
      if (event.key !== "/" || writing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [input]);
}
