"""Makes the picture of the front page: words of a text, laid out in the plane.

In: a text, or none for the documentation inside this Python. Out: `docs/pictures/map.svg`, small
and self-contained: letters are outlines, and nothing in it tells when or where it was made. The
model is kept in `build/`, so that drawing again takes a second. `make picture` calls it; the
committed picture comes from 100 MB of English Wikipedia.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import wordkin
from wordkin.corpus import demo

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "map.svg"
SIZE = (8.0, 4.9)  # inches
LARGEST = 200_000  # bytes

SCIENCES = "psychology biology chemistry geometry physics"
MUSIC = "flute violin piano guitar jazz"
FOOD = "sugar honey meat wine rice cheese milk"
PAIRS = [
    ("sweden", "stockholm"),
    ("spain", "madrid"),
    ("germany", "berlin"),
    ("france", "paris"),
    ("italy", "rome"),
]
SOFTWARE = "file files directory path filename thread threads lock process queue exception error"
WEB = "raised server client socket http request month day year"

_NUMBER = re.compile(r'transform="[^"]*"|-?\d+\.\d{3,}')  # the scale of a letter stays exact
_OUTLINE = re.compile(r'\bd="([^"]*)"')
_SHEET = re.compile(r'<path d="M 0 ([\d.]+) L ([\d.]+) \1 [^"]*" style="(fill: #\w+)"/>')
_TWICE = re.compile(  # an outline drawn as a halo, then filled
    r'<path d="([^"]+)" style="[^"]*(stroke: #\w+; stroke-width: [\d.]+)[^"]*"/>'
    r'\s*<path d="\1" style="(fill: #\w+)[^"]*"/>'
)


def slim(svg: str) -> str:
    """Return a map's SVG in fewer bytes, on a sheet with round corners.

    Numbers get two decimals, which is a hundredth of a point; a letter and the halo behind it
    become one path.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = _NUMBER.sub(lambda found: _rounded(found[0]), svg)
    svg = _OUTLINE.sub(lambda outline: f'd="{" ".join(outline[1].split())}"', svg)
    svg = _SHEET.sub(r'<rect width="\2" height="\1" rx="10" style="\3"/>', svg, count=1)
    svg = _TWICE.sub(r'<path d="\1" style="\3; \2; paint-order: stroke"/>', svg)
    return re.sub(r"\n\s*", "\n", svg)


def _rounded(number: str) -> str:
    if number.startswith("transform"):
        return number
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def model_of(text: Path | None) -> Path:
    """Return a model of a text by the exact engine, trained unless it is there."""
    path = ROOT / "build" / f"picture-{text.name if text else 'documentation'}.safetensors"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    if text is None:
        wordkin.Word2Vec(**demo.SETTINGS).fit(demo.sentences()).save(path)
        return path
    options = ["--objective", "naive-softmax", "--max-vocab", "10000"]
    command = ["train", str(text), "--output", str(path), *options]
    subprocess.run([sys.executable, "-m", "wordkin", *command], check=True)
    return path


def main() -> None:
    """Make the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("text", type=Path, nargs="?")
    parser.add_argument("--output", type=Path, default=PICTURE)
    given = parser.parse_args()
    vectors = wordkin.load(model_of(given.text))
    groups, pairs = ([SCIENCES, MUSIC, FOOD], PAIRS) if given.text else ([SOFTWARE, WEB], [])
    words = [word for word in " ".join(groups).split() if word in vectors]
    drawn = vectors.map(words, pairs, size=SIZE)
    if drawn.unnamed:
        sys.exit(f"no room for the names of {', '.join(drawn.unnamed)}")
    svg = slim(drawn.drawing.svg().decode())
    if len(svg) > LARGEST:
        sys.exit(f"the picture must have at most {LARGEST:,} bytes, got {len(svg):,}")
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(svg, encoding="utf-8")
    print(f"{given.output}: {len(svg):,} bytes")


if __name__ == "__main__":
    main()
