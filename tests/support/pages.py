"""The fixtures of tests in a browser, as types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

from typing import Protocol


class OpenPage(Protocol):
    """Opens an address in a context of its own, so that no two share cookies.

    `still`: the page is asked to leave out what moves. `expected`: regular expressions of the
    complaints that may come; any other fails the test when it ends.
    """

    def __call__(
        self,
        address: str,
        *,
        size: tuple[int, int] = ...,
        theme: str = ...,
        locale: str = ...,
        touch: bool = ...,
        still: bool = ...,
        expected: tuple[str, ...] = ...,
    ) -> Page: ...


class Explorer(Protocol):
    """Runs `wordkin explore` with these arguments, and returns its address."""

    def __call__(self, *arguments: object) -> str: ...
