import { useMedia } from "../common/media";
import { grouped } from "../common/numbers";
import type { About, Id, Model } from "../contract/answers";
import { useAnswer, usePoints } from "../data/useAnswer";
import type { View } from "../data/view";
import { MapView } from "../map/MapView";
import { useMarking } from "./marking";

const CROWD = 100; // words; of fewer t-SNE makes nothing

interface MapsProps {
  about: About | null;
  view: View;
  onPick: (model: number, id: Id) => void;
}

/** The map of each model: two side by side where there is room, else that of the model asked. */
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

/** Whether another layout, which can still be asked for, would show more. */
function isCrowd(about: About, { layout, mapped, pending }: Model): boolean {
  return layout === "PCA" && !about.exported && pending === null && mapped >= CROWD;
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
        {isCrowd(about, one) && (
          <span class="map-advice">
            {" "}
            · <code>--layout tsne</code> keeps neighbours together
          </span>
        )}
        {one.pending && <span class="map-pending"> · {one.pending} is on its way</span>}
      </p>
    </section>
  );
}
