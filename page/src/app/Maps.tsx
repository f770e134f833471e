import { useMedia } from "../common/media";
import { grouped } from "../common/numbers";
import type { About, Id, Model } from "../contract/answers";
import { useAnswer, usePoints } from "../data/useAnswer";
import type { View } from "../data/view";
import { MapView } from "../map/MapView";
import { useMarking } from "./marking";

const TSNE_LEAST = 100; // words that t-SNE needs

interface MapsProps {
  about: About | null;
  view: View;
  onPick: (model: number, id: Id) => void;
}

/** The map of each model: two side by side in a wide window, else that of the current model. */
export function Maps({ about, view, onPick }: MapsProps) {
  const wide = useMedia("(min-width: 1200px)");
  const shown = about?.models.map((_, at) => at).filter((at) => wide || at === view.model) ?? [];
  return (
    <div class="maps">
      {about &&
        shown.map((model) => (
          <ModelMap key={model} about={about} model={model} view={view} onPick={onPick} />
        ))}
    </div>
  );
}

/** Whether t-SNE is worth suggesting. */
function wouldGainByTsne(about: About, { layout, mapped, pending }: Model): boolean {
  return layout === "PCA" && !about.exported && pending === null && mapped >= TSNE_LEAST;
}

interface ModelMapProps {
  about: About;
  model: number;
  view: View;
  onPick: (model: number, id: Id) => void;
}

function ModelMap({ about, model, view, onPick }: ModelMapProps) {
  const one = about.models[model];
  const words = useAnswer("words", { model });
  const points = usePoints(model, one?.layout ?? "");
  const marking = useMarking(view, model, one);
  if (!one) return null;
  const error = words.error ?? points.error;
  return (
    <section class="map-frame" aria-label={`Map of ${one.name}`}>
      {words.value && points.value ? (
        <MapView
          title={`Map of ${grouped(one.mapped)} words of ${one.name}`}
          words={words.value}
          points={points.value}
          {...marking}
          onPick={(id) => onPick(model, id)}
        />
      ) : (
        <p class="map-wait">{error ? error.message : "Drawing the map…"}</p>
      )}
      <p class="map-note">
        {about.models.length > 1 && <b>{one.name} · </b>}
        <span>{one.layout}</span>
        {one.mapped < one.words && ` · the first ${grouped(one.mapped)} words`}
        {wouldGainByTsne(about, one) && (
          <span class="map-advice">
            {" "}
            · <code>--layout tsne</code> keeps neighbours together
          </span>
        )}
        {one.pending && <span class="map-pending"> · {one.pending} is being computed</span>}
      </p>
    </section>
  );
}
