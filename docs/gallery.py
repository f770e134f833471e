"""Makes the gallery: pictures of models, and a page that shows them.

In: models, or none for one that learns from Python's own documentation. Out: a folder with maps,
screenshots of the explorer, exported pages, and `index.html` with the command under each. Every
picture comes from the command line, as anybody would make it. `make gallery` calls it.
"""

from __future__ import annotations

import argparse
import html
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

import wordkin
from support.browsing import PHONE, WIDE, flags, installed_browser, serving
from wordkin.corpus import demo
from wordkin.vectors import WordVectors

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Plate:
    """Words or pairs that make a picture, where a model knows enough of them."""

    name: str
    title: str
    words: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()

    def known(self, vectors: WordVectors) -> tuple[list[str], Pairs]:
        """Return what a model knows of it."""
        pairs = [pair for pair in self.pairs if pair[0] in vectors and pair[1] in vectors]
        return [word for word in self.words if word in vectors], pairs


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, _, b in (pair.partition(":") for pair in text.split()))


PLATES = (
    Plate(
        "assignment",
        "What the course draws",
        _words(
            "great cool brilliant wonderful well amazing worth sweet enjoyable boring bad dumb"
            " annoying female male queen king man woman rain snow hail coffee tea"
        ),
    ),
    Plate(
        "royalty",
        "From men to women",
        pairs=_pairs(
            "man:woman king:queen father:mother son:daughter brother:sister uncle:aunt"
            " actor:actress prince:princess husband:wife boy:girl"
        ),
    ),
    Plate(
        "capitals",
        "Countries and their capitals",
        pairs=_pairs(
            "france:paris germany:berlin japan:tokyo italy:rome spain:madrid russia:moscow"
            " china:beijing egypt:cairo greece:athens poland:warsaw austria:vienna"
            " portugal:lisbon"
        ),
        options=("--theme", "dark"),
    ),
    Plate(
        "수도",
        "나라와 수도",
        pairs=_pairs(
            "대한민국:서울 일본:도쿄 중국:베이징 프랑스:파리 독일:베를린 러시아:모스크바"
            " 이탈리아:로마 스페인:마드리드 영국:런던 이집트:카이로"
        ),
    ),
)
QUESTIONS = (  # a word, an analogy, words to compare
    ("king", ("man", "king", "woman"), ("paris", "berlin", "tokyo", "banana", "apple")),
    ("서울", ("일본", "도쿄", "프랑스"), ("서울", "부산", "대구", "봄", "겨울")),
    ("file", ("file", "files", "string"), ("file", "string", "thread", "class", "exception")),
)
_LOOKS: tuple[tuple[str, Literal["light", "dark"], tuple[int, int]], ...] = (
    ("", "light", WIDE),
    ("-phone", "dark", PHONE),
)
_STILL = "() => document.querySelector('.map canvas')?.scene?.report().still"
_SUFFIXES = {"whole": ("png", "html"), "often": ("png",)}  # others are small enough for .svg
_ENOUGH = 5  # words, or pairs, that make a picture


@dataclass(frozen=True)
class Figure:
    """A file of the gallery, what is on it, and how it was made."""

    path: Path
    title: str
    command: str


class Gallery:
    """The figures of a folder, as they are made."""

    def __init__(self, folder: Path, browser: Browser) -> None:
        self.folder, self._browser = folder, browser
        self.figures: list[Figure] = []

    def add(self, model: Path) -> None:
        """Make all figures of a model."""
        vectors = wordkin.load(model)
        self._map(model, "whole", f"All words of {model.stem}", [])
        often = ["--layout", "tsne", "--first", "10000", "--theme", "dark"]
        self._map(model, "often", f"The most frequent words of {model.stem}", often)
        for plate in PLATES:
            words, pairs = plate.known(vectors)
            if max(len(words), len(pairs)) >= _ENOUGH:
                options = ["--words", ",".join(words)] if words else []
                options += ["--pairs", ",".join(f"{a}:{b}" for a, b in pairs)] if pairs else []
                self._map(model, plate.name, plate.title, [*options, *plate.options])
        for word, analogy, compared in QUESTIONS:
            if all(needed in vectors for needed in (word, *analogy, *compared)):
                self._explore(model, vectors, word, analogy, compared)
                break

    def _map(self, model: Path, name: str, title: str, options: list[str]) -> None:
        for suffix in _SUFFIXES.get(name, ("svg",)):
            path = self.folder / f"{model.stem}-{name}.{suffix}"
            command = ["map", str(model), "-o", str(path), "--title", title, *options]
            subprocess.run([sys.executable, "-m", "wordkin", *command], check=True)
            shown = ["wordkin", "map", model.name, "-o", path.name, "--title", title, *options]
            self.figures.append(Figure(path, title, shlex.join(shown)))

    def _explore(
        self,
        model: Path,
        vectors: WordVectors,
        word: str,
        analogy: tuple[str, ...],
        compared: tuple[str, ...],
    ) -> None:
        """Keep what the explorer shows of a word, an analogy and words compared."""

        def ids(words: tuple[str, ...]) -> str:
            return ",".join(str(vectors.index(word)) for word in words)

        views: dict[str, tuple[str, str]] = {
            "word": (f"tab=word&id={ids((word,))}", f"{word} and its neighbours"),
            "analogy": (
                f"tab=analogy&ids={ids(analogy)}",
                f"{analogy[0]} is to {analogy[1]} as {analogy[2]} is to …",
            ),
            "compare": (f"tab=compare&ids={ids(compared)}", ", ".join(compared)),
        }
        with serving("explore", model, "--no-browser") as served:
            for look, theme, size in _LOOKS:
                page = self._open(served.address, theme, size)
                for name, (view, title) in views.items():
                    path = self.folder / f"{model.stem}-explore-{name}{look}.png"
                    page.goto(f"{page.url.partition('#')[0]}#m=0&{view}")
                    page.wait_for_load_state("networkidle")
                    page.wait_for_function(_STILL)
                    page.screenshot(path=path, animations="disabled")
                    self.figures.append(Figure(path, title, f"wordkin explore {model.name}"))
                page.context.close()

    def _open(self, address: str, theme: Literal["light", "dark"], size: tuple[int, int]) -> Page:
        page = self._browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        page.goto(address)
        return page

    def write(self) -> Path:
        """Write the page that shows them all."""
        path = self.folder / "index.html"
        path.write_text(_PAGE.format(figures="\n".join(map(_figure, self.figures))))
        return path


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wordkin: a gallery</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 1400px; margin: 2rem auto; padding: 0 1rem; }}
main {{ columns: 24rem; column-gap: 2rem; }}
figure {{ margin: 0 0 2.5rem; break-inside: avoid; }}
img {{ display: block; width: 100%; border: 1px solid #8884; border-radius: 6px; margin: 0 0 6px; }}
img[src*="-phone"] {{ width: 50%; }}
figure code {{ display: block; font-size: 0.75rem; overflow-wrap: anywhere; opacity: 0.75; }}
</style>
<h1>wordkin: a gallery</h1>
<p>Each picture is what the command under it makes. Made by <code>make gallery</code></p>
<main>
{figures}
</main>
"""


def _figure(figure: Figure) -> str:
    name, title = html.escape(figure.path.name), html.escape(figure.title)
    if figure.path.suffix == ".html":
        shown = f'<a href="{name}">{title}, as a page</a>'
    else:
        shown = f'<a href="{name}"><img src="{name}" alt="{title}" loading="lazy"></a>{title}'
    return f"<figure>{shown}<code>{html.escape(figure.command)}</code></figure>"


def _documentation(folder: Path) -> Path:
    """Return a model that learned from the documentation inside this Python."""
    path = folder / "documentation.safetensors"
    wordkin.Word2Vec(**demo.SETTINGS).fit(demo.sentences()).save(path)
    return path


def main() -> None:
    """Make the gallery."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = installed_browser(playwright.chromium.executable_path)
        if path is None:
            sys.exit("no browser to take pictures with: `make browser` installs one")
        browser = playwright.chromium.launch(executable_path=path, args=flags())
        gallery = Gallery(given.folder, browser)
        for model in given.models or [_documentation(given.folder)]:
            gallery.add(model)
        browser.close()
    print(gallery.write())


if __name__ == "__main__":
    main()
