import { grouped } from "../common/numbers";
import type { Probe } from "../contract/live";

interface ProbesProps {
  probes: Probe[];
  /** How many words were searched for neighbours; null for all. */
  searched: number | null;
  /** The probe that is marked on the map. */
  picked: number | null;
  onPick: (probe: number | null) => void;
}

/** Some words with their neighbours, and how stable these are. */
export function Probes({ probes, searched, picked, onPick }: ProbesProps) {
  return (
    <section class="live-probes" aria-labelledby="live-probes">
      <header>
        <h2 id="live-probes">Neighbours</h2>
        <p>
          <mark>New</mark> since the last sample.
          {searched !== null && ` Searched among the ${grouped(searched)} most frequent words.`}
        </p>
      </header>
      <div class="live-columns">
        {probes.map((probe, at) => (
          <Column
            key={probe.word}
            probe={probe}
            picked={picked === at}
            onPick={() => onPick(picked === at ? null : at)}
          />
        ))}
      </div>
    </section>
  );
}

interface ColumnProps {
  probe: Probe;
  picked: boolean;
  onPick: () => void;
}

function Column({ probe, picked, onPick }: ColumnProps) {
  const { word, neighbours } = probe;
  return (
    <article class={picked ? "live-probe picked" : "live-probe"}>
      <h3>
        <button type="button" aria-pressed={picked} title="Show on the map" onClick={onPick}>
          <bdi>{word}</bdi>
        </button>
      </h3>
      <Settled probe={probe} />
      {neighbours.length ? (
        <ol>
          {neighbours.map((near) => (
            <li key={near.word} class={near.fresh ? "fresh" : undefined}>
              <bdi title={near.word}>{near.word}</bdi>
              <span>{near.score.toFixed(2)}</span>
            </li>
          ))}
        </ol>
      ) : (
        <p class="live-none">Not in training yet.</p>
      )}
    </article>
  );
}

function Settled({ probe: { neighbours, stayed, from_first: fromFirst } }: { probe: Probe }) {
  if (stayed === null) return <p class="live-settled">first sample</p>;
  const of = neighbours.length;
  const first = fromFirst === null ? "" : `; ${fromFirst} were in the first sample`;
  return (
    <p
      class={stayed >= of - 1 ? "live-settled yes" : "live-settled"}
      title={`${stayed} of ${of} were in the previous sample${first}`}
    >
      settled {stayed}/{of}
    </p>
  );
}
