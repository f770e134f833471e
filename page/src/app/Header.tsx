import type { About } from "../contract/answers";
import { format, type View } from "../data/view";
import { nextTheme, type Theme, theme } from "./theme";

interface HeaderProps {
  about: About | null;
  view: View;
  onHelp: () => void;
}

/** The models, and controls of the whole page. */
export function Header({ about, view, onHelp }: HeaderProps) {
  return (
    <header class="header">
      <h1 class="brand">wordkin</h1>
      <div class="models">
        {about?.models.map((model) => (
          <p key={model.name} class="model" title={`${model.name}: ${model.origin}`}>
            <b>{model.name}</b> <span class="origin">{model.origin}</span>
          </p>
        ))}
      </div>
      <nav class="tools" aria-label="Page">
        <ThemeSwitch />
        {about && !about.exported && (
          <a
            class="tool"
            href={`api/export?view=${encodeURIComponent(format(view))}`}
            download
            title="Save this view as one file that needs no server"
          >
            <Icon path="M8 2v8m0 0L5 7m3 3 3-3M3 13h10" />
            <span class="tool-text">Export</span>
          </a>
        )}
        <button type="button" class="tool" onClick={onHelp} aria-label="Help" title="Help (?)">
          <b aria-hidden="true">?</b>
        </button>
      </nav>
    </header>
  );
}

/** Stroked and filled paths. */
const ICONS: Record<Theme, [string, string]> = {
  auto: ["M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2", "M8 2a6 6 0 0 1 0 12z"],
  light: [
    "M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
    "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  ],
  dark: ["", "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z"],
};

function ThemeSwitch() {
  const now = theme.use();
  const name = `Theme: ${now}`;
  const [lines, filled] = ICONS[now];
  return (
    <button type="button" class="tool" onClick={nextTheme} aria-label={name} title={name}>
      <Icon path={lines} filled={filled} />
    </button>
  );
}

function Icon({ path, filled = "" }: { path: string; filled?: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
      <path class="filled" d={filled} />
    </svg>
  );
}
