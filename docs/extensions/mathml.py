"""Formulas as MathML, made while the site is built, so that browsers show them without a script.

A font for them, STIX Two Math, comes from the package ziamath and goes into the site.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_FONT = "STIXTwoMath-Regular.ttf"
_TAG = re.compile(r"\\tag\{(\w+)\}")
# latex2mathml sets no space around "log", and takes each minus for a difference.
_BEFORE_LOG = re.compile(r"(</(?:mi|mn|msub|msup|msubsup|mover)>)(?=<mi>log</mi>)")
_AFTER_LOG = re.compile(r"(<mi>log</mi>)(?!<mo[^>]*>&#x00028;)")
_SIGN = re.compile(r"(<mo[^>]*>&#x000(?:3D|28|5B);</mo>)<mo>&#x02212;</mo>")  # after = ( [
_SPACE = r'\1<mspace width="0.17em" />'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer and the font."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.connect("build-finished", _add_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mathml(formula: str, display: str = "inline") -> str:
    """Return the MathML of a formula in LaTeX."""
    made = convert(formula, display=display)
    made = _AFTER_LOG.sub(_SPACE, _BEFORE_LOG.sub(_SPACE, made))
    return _SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', made)


def _inline(translator: Any, node: nodes.math) -> None:
    from docutils.nodes import SkipNode

    translator.body.append(mathml(node.astext()))
    raise SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    from docutils.nodes import SkipNode

    formula = node.astext()
    tag = _TAG.search(formula)
    number = f'<span class="eqno">({tag[1]})</span>' if tag else ""
    made = mathml(_TAG.sub("", formula), "block")
    translator.body.append(f'<div class="math formula">{made}{number}</div>\n')
    raise SkipNode


def _add_font(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        font = files("ziamath.fonts") / _FONT
        (Path(app.outdir) / "_static" / _FONT).write_bytes(font.read_bytes())
