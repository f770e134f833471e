import type { ComponentChildren } from "preact";
import type { About } from "../contract/answers";

interface ColumnsProps {
  about: About;
  /** Whether the columns are wide, and stand below each other. */
  stacked?: boolean;
  /** The content for one model. */
  of: (model: number) => ComponentChildren;
}

/** The content for one model; for two, side by side under their names. */
export function Columns({ about, stacked = false, of }: ColumnsProps) {
  if (about.models.length === 1) return <>{of(0)}</>;
  return (
    <div class={stacked ? "columns stacked" : "columns"}>
      {about.models.map((model, at) => (
        <section key={model.name} class="column" aria-label={model.name}>
          <h3 class="column-name">{model.name}</h3>
          {of(at)}
        </section>
      ))}
    </div>
  );
}
