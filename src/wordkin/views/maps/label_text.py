"""Prepare words for drawing: escape what cannot be seen, and find fonts with their characters.

In: words, of any bytes. Out: texts to draw, and the names of installed fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from wordkin.system.errors import FormatWarning
from wordkin.system.notes import note

FONT = "DejaVu Sans"  # comes with matplotlib

_LONGEST = 40  # most characters of a word to draw
_MISSING = "□"
_JOINERS = "\u200c\u200d"  # zero-width joiners, which shape their neighbours
_unreadable: set[str] = set()  # paths of fonts that cannot be listed
_INVISIBLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def display_text(word: str, longest: int = _LONGEST) -> str:
    r"""Return the text to draw for a word: long ones are cut, invisible characters escaped."""
    text = "".join(map(_visible, word[:longest]))
    if not text.strip():
        text = f"“{text}”"
    return text + "…" * (len(word) > longest)


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # an invalid UTF-8 byte, kept as a surrogate
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def choose_fonts(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Choose installed fonts for texts.

    Returns
    -------
    texts : list of str
        With a box in place of every character that no font has.
    fonts : list of str
        Names of fonts; each is for the characters that those before it lack.

    Warns
    -----
    FormatWarning
        If no installed font has some character.
    """
    fonts, missing = _fonts_for(set("".join(texts)))
    if missing:
        example = next(text for text in texts if missing & set(text))
        note(
            f"no installed font has all characters of {example!r}, so boxes replace them; the fonts"
            " Noto Sans and Noto Sans CJK cover most scripts, and are found as soon as they are"
            " installed",
            FormatWarning,
        )
        boxes = dict.fromkeys(map(ord, missing), _MISSING)
        texts = [text.translate(boxes) for text in texts]
    return list(texts), fonts


def _fonts_for(characters: set[str]) -> tuple[list[str], set[str]]:
    """Return fonts, ours first, and the characters that none of them has."""
    fonts, missing = _listed_fonts_for(characters)
    if missing and _list_new_fonts():
        return _listed_fonts_for(characters)
    return fonts, missing


def _listed_fonts_for(characters: set[str]) -> tuple[list[str], set[str]]:
    """Return fonts from matplotlib's list, and the characters that none of them has."""
    fonts = [FONT]
    missing = _lacking(FONT, characters)
    while missing:
        # The font that lacks the fewest; of several, always the first one.
        lacking = {name: _lacking(name, missing) for name in _installed()}
        best = min(lacking, key=lambda name: len(lacking[name]), default=FONT)
        if len(lacking.get(best, missing)) == len(missing):
            break
        fonts.append(best)
        missing = lacking[best]
    return fonts, missing


def _list_new_fonts() -> bool:
    """List the fonts installed since matplotlib saved its list; return whether there are any."""
    asked = getattr(font_manager, "_get_fontconfig_fonts", None)
    if asked is not None and hasattr(asked, "cache_clear"):  # remembered within a process
        asked.cache_clear()
    listed = {entry.fname for entry in font_manager.fontManager.ttflist} | _unreadable
    new = sorted(set(font_manager.findSystemFonts()) - listed)
    added = [path for path in new if _add(path)]
    _unreadable.update(set(new) - set(added))
    if added:
        _open.cache_clear()
    return bool(added)


def _add(path: str) -> bool:
    """Add a font to matplotlib's list; return whether it could be read."""
    try:
        font_manager.fontManager.addfont(path)
    except (OSError, RuntimeError, ValueError, TypeError):  # matplotlib passes over these too
        return False
    return True


def _installed() -> tuple[str, ...]:
    """Return the names of installed fonts, those most similar to ours first."""
    entries = font_manager.fontManager.ttflist
    upright = {e.name for e in entries if e.style == "normal" and e.weight in (400, "normal")}

    def order(name: str) -> tuple[bool, bool, bool, str]:
        return "Mono" in name, "Sans" not in name, not name.startswith("Noto"), name

    return tuple(sorted(upright, key=order))


def _lacking(name: str, characters: Iterable[str]) -> set[str]:
    """Return the characters that a font does not have."""
    font = _open(name)
    if font is None:
        return set(characters)
    return {c for c in characters if not font.get_char_index(ord(c))}


@cache
def _open(name: str) -> FT2Font | None:
    """Return a scalable font, or None if there is none of that name or it cannot be read."""
    try:
        path = font_manager.findfont(name, fallback_to_default=False)
        font = font_manager.get_font(path)
    except (OSError, RuntimeError, ValueError):
        return None
    return font if font.scalable else None
