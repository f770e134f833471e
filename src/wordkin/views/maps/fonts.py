"""Words as they can be drawn: fonts that have their characters, and what no font should see.

In: words, of any bytes. Out: what to draw of them, and the names of installed fonts.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from wordkin.system.errors import FormatWarning

FONT = "DejaVu Sans"  # comes with matplotlib

_LONGEST = 40  # characters of a word that are drawn
_MISSING = "□"
_JOINERS = "\u200c\u200d"  # shape their neighbours, and show nothing
_INVISIBLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def spelled(word: str, longest: int = _LONGEST) -> str:
    r"""Return what to draw of a word: it is cut if long, and ``\x1b`` is spelled like that."""
    shown = "".join(map(_visible, word[:longest]))
    if not shown.strip():
        shown = f"“{shown}”"
    return shown + "…" * (len(word) > longest)


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, kept as it was
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def lettered(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the texts with a box for what no font has, and the fonts to draw them with.

    Warns
    -----
    FormatWarning
        Once, if an installed font lacks for some character.
    """
    fonts, missing = _fonts_for(set("".join(texts)))
    if missing:
        example = next(text for text in texts if missing & set(text))
        warnings.warn(
            f"no installed font has all characters of {example!r}: boxes stand for them; the fonts"
            " Noto Sans and Noto Sans CJK have most scripts",
            FormatWarning,
            stacklevel=2,
        )
        boxes = dict.fromkeys(map(ord, missing), _MISSING)
        texts = [text.translate(boxes) for text in texts]
    return list(texts), fonts


def _fonts_for(characters: set[str]) -> tuple[list[str], set[str]]:
    """Return fonts, the first one first, and the characters that none of them has."""
    fonts = [FONT]
    missing = _lacking(FONT, characters)
    while missing:
        # Of those that have the most, the first: the same ones on every run.
        lacking = {name: _lacking(name, missing) for name in _installed()}
        best = min(lacking, key=lambda name: len(lacking[name]), default=FONT)
        if len(lacking.get(best, missing)) == len(missing):
            break
        fonts.append(best)
        missing = lacking[best]
    return fonts, missing


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    """Names of fonts, those that go well with ours first."""
    entries = font_manager.fontManager.ttflist
    upright = {e.name for e in entries if e.style == "normal" and e.weight in (400, "normal")}

    def order(name: str) -> tuple[bool, bool, bool, str]:
        return "Mono" in name, "Sans" not in name, not name.startswith("Noto"), name

    return tuple(sorted(upright, key=order))


def _lacking(name: str, characters: Iterable[str]) -> set[str]:
    font = _opened(name)
    if font is None:
        return set(characters)
    return {c for c in characters if not font.get_char_index(ord(c))}


@cache
def _opened(name: str) -> FT2Font | None:
    """Return a font that can be drawn at any size; None if it cannot be read."""
    try:
        path = font_manager.findfont(name, fallback_to_default=False)
        font = font_manager.get_font(path)
    except (OSError, RuntimeError, ValueError):
        return None
    return font if font.scalable else None
