import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Scene } from "./scene";
import type { MapProps } from "./types";

/** The canvas, with its scene for tests. */
export interface MapCanvas extends HTMLCanvasElement {
  scene?: Scene;
}

/**
 * A map of words: a density of points, and labels for some, which do not overlap.
 *
 * It fills its parent; labels avoid whatever else in the parent lies over the map.
 */
export function MapView(props: MapProps) {
  const { title, words, points, marked, arrows, view, sparing, onPick } = props;
  const canvas = useRef<MapCanvas>(null);
  const scene = useRef<Scene | null>(null);
  const [message, announce] = useState("");

  useLayoutEffect(() => {
    if (!canvas.current) return;
    const made = new Scene(canvas.current, announce);
    scene.current = made;
    canvas.current.scene = made;
    made.resize();
    const unfollow = followPage(canvas.current, made);
    return () => {
      unfollow();
      made.end();
    };
  }, []);

  useLayoutEffect(() => {
    scene.current?.show({ words, points, marked, arrows, view, sparing, onPick });
  }, [words, points, marked, arrows, view, sparing, onPick]);

  return (
    <div class="map">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes keys itself */}
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="map"
        aria-label={`${title}. Arrow keys move it, plus and minus zoom, 0 shows all of it, Enter picks the word in the middle.`}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.altKey || event.metaKey) return;
          if (scene.current?.key(event.key)) event.preventDefault();
        }}
        onBlur={() => scene.current?.leave()}
        onPointerMove={(event) => scene.current?.hover(event.buttons ? null : event)}
        onPointerLeave={() => scene.current?.hover(null)}
        onClick={(event) => scene.current?.click(event)}
      />
      <p class="map-said" aria-live="polite">
        {message}
      </p>
      <div class="map-buttons">
        <button type="button" title="Zoom in" onClick={() => scene.current?.zoomBy(2)}>
          <Icon lines="M8 3v10M3 8h10" name="Zoom in" />
        </button>
        <button type="button" title="Zoom out" onClick={() => scene.current?.zoomBy(0.5)}>
          <Icon lines="M3 8h10" name="Zoom out" />
        </button>
        <button type="button" title="Whole map" onClick={() => scene.current?.whole()}>
          <Icon lines="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" name="Whole map" />
        </button>
      </div>
    </div>
  );
}

function Icon({ lines, name }: { lines: string; name: string }) {
  return (
    <svg viewBox="0 0 16 16" role="img" aria-label={name}>
      <path d={lines} />
    </svg>
  );
}

/** Follow the size of the canvas, the pixel ratio and the theme; returns a function to stop. */
function followPage(canvas: HTMLCanvasElement, scene: Scene): () => void {
  const resized = new ResizeObserver(() => scene.resize());
  resized.observe(canvas);
  const restyle = () => scene.restyle();
  const themed = new MutationObserver(restyle);
  themed.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", restyle);
  const rescale = () => scene.resize();
  window.addEventListener("resize", rescale); // zooming the page fires this
  return () => {
    resized.disconnect();
    themed.disconnect();
    system.removeEventListener("change", restyle);
    window.removeEventListener("resize", rescale);
  };
}
