"""An exported page is one document with the server's answers that loads and sends nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.asking import app_of, ask, page_model, question, stand_in_page
from support.markup import MARKUP
from wordkin import SettingsError
from wordkin.vectors import WordVectors
from wordkin.views.page import answers, built
from wordkin.views.page.document import address, document, write
from wordkin.views.page.view import LONGEST_VIEW, View

WORDS = ["the", "of", "seoul", "서울", "\udcff", "a&b", *(f"word{i}" for i in range(30))]
ONE = page_model(WORDS, name="one")
OTHER = page_model(["서울", "seoul", "word3", "only here"], name="<other>")
WORD, ANALOGY = View(ids=(3,)), View("analogy", (0, 2, 9), method="mul")
COMPARE = View("compare", (2, 3, 8))


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)


class Parsed(HTMLParser):
    """What a browser sees in a document: elements, and what is in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.inside.append((self.tags[-1][0], data))

    @property
    def data(self) -> Any:
        return json.loads(next(text for _, text in self.inside if text.startswith("{")))


# ---- what it holds -------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [WORD, ANALOGY, COMPARE, View()], ids=lambda view: view.tab)
def test_it_holds_what_the_server_answers_under_the_same_addresses(view: View) -> None:
    app = app_of(ONE, OTHER)
    data = Parsed(document([ONE, OTHER], view=view)).data
    assert data["about"] == {**question(app, "about").json, "exported": True}
    assert data["view"] == view.text
    for where, answer in data["answers"].items():
        assert ask(app, f"/{where}").json == answer, where
    for number, points in enumerate(data["points"]):
        assert base64.b64decode(points) == question(app, "map", model=number).body


def test_it_holds_what_the_page_asks_of_a_view() -> None:
    def names(view: View) -> set[str]:
        return set(Parsed(document([ONE, OTHER], view=view)).data["answers"])

    always = {"api/words?model=0", "api/words?model=1"}
    assert names(View()) == always
    assert names(WORD) == always | {
        "api/neighbours?id=3&model=0&n=20",
        "api/same?id=3&model=0&other=1",
        "api/neighbours?id=0&model=1&n=20",
    }
    assert names(COMPARE) == always | {
        "api/compare?ids=2%2C3%2C8&model=0&n=10",
        *(f"api/same?id={id}&model=0&other=1" for id in (2, 3, 8)),
        "api/compare?ids=1%2C0&model=1&n=10",
    }
    assert names(ANALOGY) == always | {
        "api/analogy?a=0&b=2&c=9&method=mul&model=0&n=10",
        *(f"api/same?id={id}&model=0&other=1" for id in (0, 2, 9)),
    }


def test_words_off_the_map_can_be_named() -> None:
    one = replace(ONE, points=ONE.points[:5])
    recorded = Parsed(document([one], view=View("compare", (2, 20)))).data["answers"]
    assert recorded["api/neighbours?id=20&model=0&n=1"]["word"] == WORDS[20]
    assert recorded["api/words?model=0"] == WORDS[:5]


def test_neighbours_of_the_words_to_click_on_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordkin.views.page.document._WITH_NEIGHBOURS", 4)
    data = Parsed(document([ONE], view=View(ids=(9,)))).data
    (answer,) = (a for where, a in data["answers"].items() if "neighbours" in where)
    near = data["near"][0]
    clicked = {word["id"] for word in answer["neighbours"]}
    assert set(near["of"]) == {0, 1, 2, 3, 9} | clicked
    for row, count, ids, cosines in zip(*near.values(), strict=True):
        expected = answers.neighbours(ONE, row, 20)
        assert count == expected["count"]
        assert ids == [word["id"] for word in expected["neighbours"]]
        np.testing.assert_allclose(
            np.array(cosines) / 10_000, [w["score"] for w in expected["neighbours"]], atol=5e-5
        )


@pytest.mark.parametrize("view", [WORD, View("analogy", (8, 9, 3)), View("analogy", (9, None, 8))])
def test_neighbours_of_the_views_own_words_are_there_in_each_model(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wordkin.views.page.document._WITH_NEIGHBOURS", 1)
    near = Parsed(document([ONE, OTHER], view=view)).data["near"]
    assert set(near[0]["of"]) >= set(view.rows)
    there = [OTHER.vectors.index(WORDS[i]) for i in view.rows if WORDS[i] in OTHER.vectors]
    assert set(near[1]["of"]) >= set(there)


def test_neighbours_are_words_that_the_document_can_spell() -> None:
    one = replace(ONE, points=ONE.points[:5])
    (near,) = Parsed(document([one], view=View("compare", (2, 20)))).data["near"]
    assert near["of"] == [0, 1, 2, 3, 4]
    assert {row for ids in near["ids"] for row in ids} == {0, 1, 2, 3, 4}


def test_neighbours_of_frequent_words_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    look = WordVectors.neighbour_rows

    def counted(self: WordVectors, rows: Any, k: Any, **more: Any) -> Any:
        searched.append(len(rows))
        return look(self, rows, k, **more)

    monkeypatch.setattr("wordkin.views.page.document._WITH_NEIGHBOURS", 8)
    monkeypatch.setattr(WordVectors, "neighbour_rows", counted)
    one = page_model(WORDS)
    first, again = (document([one], view=View()) for _ in range(2))
    assert first == again
    assert [number for number in searched if number >= 8] == [8]


def _vectors(data: Any, dim: int) -> tuple[list[int], np.ndarray[Any, Any]]:
    """Return the words whose vectors a document of one model holds, and the vectors."""
    (vectors,) = data["vectors"]
    units = np.frombuffer(base64.b64decode(vectors["units"]), "<f2").astype(float)
    return vectors["of"], units.reshape(-1, dim)


def test_vectors_are_there_with_the_length_1_or_zero() -> None:
    matrix = np.random.default_rng(5).normal(scale=1e4, size=(len(WORDS), 7)).astype(np.float32)
    matrix[4] = 0
    one = replace(page_model(WORDS), vectors=WordVectors(WORDS, matrix))
    of, units = _vectors(Parsed(document([one], view=View())).data, 7)
    assert of == list(range(len(WORDS)))
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    lengths[4] = 1
    np.testing.assert_allclose(units, matrix / lengths, rtol=2**-11, atol=2**-25)
    assert not units[4].any()


def test_of_long_vectors_there_are_fewer_but_those_of_the_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wordkin.views.page.document._MOST_NUMBERS", 45)
    one = page_model(WORDS, dim=9)
    data = Parsed(document([one], view=View("analogy", (30, None, 20)))).data
    assert _vectors(data, 9)[0] == [0, 1, 2, 20, 30]
    assert len(data["near"][0]["of"]) == len(WORDS)
    few = replace(one, points=one.points[:25])
    data = Parsed(document([few], view=View("analogy", (30, None, 20)))).data
    assert _vectors(data, 9)[0] == [0, 1, 2, 3, 20]  # as it can spell


def test_sentences_are_exported_only_in_a_view_that_shows_them(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the seoul of\nthe 서울 of\n")
    one = page_model(WORDS, corpus=(text,))
    assert "sentences" not in str(Parsed(document([one], view=View(ids=(2,)))).data["answers"])
    data = Parsed(document([one], view=View(ids=(2,), beside=3))).data
    app = app_of(one)
    where = "api/sentences?a=2&b=3&model=0"
    assert data["answers"][where] == ask(app, f"/{where}").json
    assert data["answers"][where]["lines"] == [1, 1, 0]


@pytest.mark.parametrize(
    ("words", "dim", "most"), [(20_000, 2, 1_000_000), (80_000, 100, 2_900_000)]
)
def test_it_is_small(words: int, dim: int, most: int) -> None:
    one = page_model([f"word{i}" for i in range(words)], dim=dim)
    assert len(document([one], view=View())) < most


# ---- nothing gets out ----------------------------------------------------------------------------


def test_a_thousand_words_of_markup_stay_data() -> None:
    text = document([page_model(MARKUP, name=MARKUP[1])], view=View(ids=(0,)))
    parsed = Parsed(text)
    assert [tag for tag, _ in parsed.tags] == [
        "html", "head", "meta", "meta", "style", "body", "div", "script", "script",
    ]  # fmt: skip
    assert parsed.data["answers"]["api/words?model=0"] == MARKUP
    block = text.split('id="snapshot">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(block)
    assert "onerror" not in re.sub(r"(?s)<script.*</script>", "", text)


def test_only_the_pages_own_script_and_style_may_run() -> None:
    parsed = Parsed(document([ONE], view=WORD))
    policy = next(a["content"] for t, a in parsed.tags if t == "meta" and "content" in a)
    assert policy is not None

    def hashed(tag: str) -> str:
        (text,) = (t for kind, t in parsed.inside if kind == tag and not t.startswith("{"))
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; script-src '{hashed('script')}'; style-src '{hashed('style')}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    scripts = [attributes for tag, attributes in parsed.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "snapshot"}, {}]


def test_it_asks_for_nothing_from_anywhere() -> None:
    for _, attributes in Parsed(document([ONE], view=WORD)).tags:
        assert not {"src", "href"} & attributes.keys()


def test_bytes_that_are_no_utf8_pass_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    write(path, [ONE], view=COMPARE)
    text = path.read_text("utf-8")
    assert text == document([ONE], view=COMPARE)
    assert Parsed(text).data["answers"]["api/words?model=0"] == WORDS


def test_the_server_gives_the_same_document_as_a_download() -> None:
    answered = question(app_of(ONE, OTHER), "export", view=WORD.text)
    assert answered.body.decode() == document([ONE, OTHER], view=WORD)
    assert answered.header("content-disposition") == 'attachment; filename="wordkin.html"'


def test_the_real_page_fits_where_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    try:
        built.read("page.js")
    except Exception:
        pytest.skip("built without the page")
    assert Parsed(document([ONE], view=WORD)).data["view"] == WORD.text


# ---- views ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("", View()),
        ("m=0&tab=word&id=12", View(ids=(12,))),
        ("m=1&tab=word", View(model=1)),
        ("m=0&tab=analogy&ids=1,2,3&method=add", View("analogy", (1, 2, 3))),
        ("m=0&tab=analogy&ids=1,,3&method=mul", View("analogy", (1, None, 3), method="mul")),
        ("m=0&tab=compare&ids=1,2,3", View("compare", (1, 2, 3))),
        ("m=0&tab=word&id=1&with=2", View(ids=(1,), beside=2)),
    ],
)
def test_a_view_is_the_hash_of_the_pages_address(text: str, view: View) -> None:
    assert View.parse(text) == view
    assert View.parse(view.text) == view


@pytest.mark.parametrize("model", [0, 1])
@pytest.mark.parametrize(
    "rest",
    [
        "word", "word&id=2", "word&id=2&with=1", "analogy&method=add", "analogy&method=mul",
        "analogy&ids=1,,&method=add", "analogy&ids=,2,&method=mul", "analogy&ids=,,3&method=mul",
        "analogy&ids=1,,3&method=mul", "analogy&ids=1,2,3&method=add",
        "compare", "compare&ids=1", "compare&ids=1,2", "compare&ids=3,2,1,0",
    ],
)  # fmt: skip
def test_every_hash_that_the_page_makes_is_exported_and_kept(model: int, rest: str) -> None:
    text = f"m={model}&tab={rest}"
    answered = question(app_of(ONE, OTHER), "export", view=text)
    assert answered.status == 200
    assert Parsed(answered.body.decode()).data["view"] == text


def test_a_text_that_is_gone_is_reported_in_an_export_too(tmp_path: Path) -> None:
    app = app_of(page_model(WORDS, corpus=(tmp_path / "gone.txt",)))
    answered = question(app, "export", view="m=0&tab=word&id=2&with=1")
    assert answered.status == 404
    assert "cannot be read: No such file" in answered.json["error"]


@pytest.mark.parametrize(
    "text",
    [
        "#m=0", "m=0&tab=other", "m=x", "m=0&tab=word&id=-1", "m=0&tab=word&id=1,2", "m=<b>",
        "m=0&tab=analogy&ids=1,2,3,4", "m=0&tab=analogy&method=x", "tab=word&id=1e3", "id=٣",
        "tab=compare&ids=" + ",".join("1" * 13), "m=0" + "&a=1" * LONGEST_VIEW, "m=9&tab=word",
        "tab=word&id=36", "tab=word&id=1&with=36", "m=0;tab=word", "view=../x", "m=0\n",
    ],
)  # fmt: skip
def test_another_view_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"view|takes"):
        document([ONE], view=View.parse(text))
    assert question(app_of(ONE), "export", view=text).status == 400


@given(st.text(max_size=40) | st.from_regex(r"m=\d&tab=[a-z]*&ids=[\d,]*", fullmatch=True))
def test_any_text_is_a_view_or_refused(text: str) -> None:
    try:
        view = View.parse(text)
    except SettingsError:
        return
    assert View.parse(view.text) == view


def test_addresses_are_spelled_as_the_page_spells_them() -> None:
    assert address("compare", n=10, model=0, ids="1,2") == "api/compare?ids=1%2C2&model=0&n=10"
