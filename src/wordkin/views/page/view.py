"""The view of a page: its tab, words and model, as the hash of its address encodes them.

In: the text of a hash. Out: a `View`, or a SettingsError; and back. page/src/data/view.ts does the
same in the page.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl

from wordkin.system.errors import SettingsError
from wordkin.views.page.parameters import MOST_COMPARED

LONGEST_VIEW = 500  # characters of a hash

_VIEW = re.compile(r"[a-z0-9=&,]*")
_ID = re.compile(r"[0-9]{1,9}")

Tab = Literal["word", "analogy", "compare"]
Method = Literal["add", "mul"]


@dataclasses.dataclass(frozen=True)
class View:
    """What a page shows.

    Attributes
    ----------
    tab : {"word", "analogy", "compare"}
    ids : tuple of int or None
        Rows of the words; None for an empty slot of an analogy.
    model : int
        The number of the model that has these rows.
    method : {"add", "mul"}
        How analogies are scored: 3CosAdd or 3CosMul.
    beside : int or None
        Row of a word whose sentences are shown together with those of the first.
    """

    tab: Tab = "word"
    ids: tuple[int | None, ...] = ()
    model: int = 0
    method: Method = "add"
    beside: int | None = None

    @classmethod
    def parse(cls, text: str) -> View:
        """Parse the hash of a page's address, such as ``m=0&tab=word&id=12``.

        Raises
        ------
        SettingsError
            If it is not a valid view.
        """
        if len(text) > LONGEST_VIEW or not _VIEW.fullmatch(text):
            raise SettingsError(f"view must be of the form m=0&tab=word&id=12, got {text!r:.80}")
        given = dict(parse_qsl(text, keep_blank_values=True))
        tab = _one_of("tab", given.get("tab", "word"), get_args(Tab))
        method = _one_of("method", given.get("method", "add"), get_args(Method))
        listed = given.get("id" if tab == "word" else "ids", "")
        ids = tuple(_id(part) for part in listed.split(",")) if listed else ()
        most = {"word": 1, "analogy": 3, "compare": MOST_COMPARED}[tab]
        if len(ids) > most:
            raise SettingsError(f"{tab} takes at most {most} words, got {len(ids)}")
        model = _id(given.get("m", "0")) or 0
        return cls(cast(Tab, tab), ids, model, cast(Method, method), _id(given.get("with", "")))

    @property
    def text(self) -> str:
        """The view as the hash of an address, without the `#`."""
        listed = ",".join("" if id is None else str(id) for id in self.ids)
        parts = [f"m={self.model}", f"tab={self.tab}"]
        if listed:
            parts.append(f"{'id' if self.tab == 'word' else 'ids'}={listed}")
        if self.tab == "analogy":
            parts.append(f"method={self.method}")
        if self.beside is not None:
            parts.append(f"with={self.beside}")
        return "&".join(parts)

    @property
    def rows(self) -> list[int]:
        """The rows of the words, without empty slots."""
        return [id for id in self.ids if id is not None]


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise SettingsError(f"view: {name} must be one of {', '.join(choices)}, got {value!r:.80}")
    return value


def _id(text: str) -> int | None:
    if not text:
        return None
    if not _ID.fullmatch(text):
        raise SettingsError(f"view: a word must be a row number, got {text!r:.80}")
    return int(text)
