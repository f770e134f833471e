"""The explorer's answers are those of the vectors; invalid requests are refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wordkin
from support import toy
from support.asking import app_of, ask, page_model, question, stand_in_page
from support.markup import MARKUP
from wordkin import Word2Vec
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors
from wordkin.views import projection
from wordkin.views.page.model import PageModel
from wordkin.views.server.guard import App

WORDS = [*(f"word{i}" for i in range(60)), "서울", "東京", "\udcff", "a\nb", "<b>", "e\u0301"]
SHOWN = page_model(WORDS, name="one")
OTHER = page_model(["서울", "word3", "only here"], name="other")
VECTORS = SHOWN.vectors
V = len(WORDS)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    stand_in_page(monkeypatch)
    return app_of(SHOWN, OTHER)


def pairs(answer: Any) -> list[tuple[str, Any]]:
    """Return words with scores, their numbers checked."""
    for item in answer:
        assert VECTORS.words[item["id"]] == item["word"]
    return [(item["word"], pytest.approx(item["score"], rel=1e-6)) for item in answer]


# ---- answers -------------------------------------------------------------------------------------


def test_about_says_what_there_is(app: App) -> None:
    about = question(app, "about").json
    assert about["version"] == wordkin.__version__
    assert (about["live"], about["exported"]) == (False, False)
    one = about["models"][0]
    assert (one["name"], one["words"], one["mapped"], one["dim"]) == ("one", V, V, 8)
    assert (one["layout"], one["pending"]) == ("PCA", None)
    assert (one["predicts"], one["sentences"], one["composes"]) == (False, False, False)


def test_words_come_in_the_order_of_the_points_whatever_they_hold(app: App) -> None:
    answered = question(app, "words", model=0)
    assert answered.json == WORDS
    assert answered.body.isascii()


def test_the_map_is_little_endian_float32(app: App) -> None:
    answered = question(app, "map", model=0)
    assert answered.header("content-type") == "application/octet-stream"
    points = np.frombuffer(answered.body, "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(points, SHOWN.points)


@pytest.mark.parametrize("id", [0, 7, V - 1])
def test_neighbours_are_those_of_most_similar(app: App, id: int) -> None:
    answer = question(app, "neighbours", model=0, id=id, n=20).json
    assert VECTORS.most_similar(WORDS[id], topn=20) == pairs(answer["neighbours"])
    assert (answer["id"], answer["word"], answer["count"]) == (id, WORDS[id], (V - id) * 10)


def test_without_counts_the_count_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)
    vectors = wordkin.WordVectors(["a", "b"], np.eye(2, dtype=np.float32))
    app = app_of(PageModel("x", vectors, projection.layout(vectors.matrix)))
    assert question(app, "neighbours", model=0, id=0, n=1).json["count"] is None


@pytest.mark.parametrize("method", ["add", "mul"])
def test_analogies_are_those_of_the_vectors(app: App, method: Any) -> None:
    answer = question(app, "analogy", model=0, a=1, b=60, c=3, n=10, method=method).json
    assert VECTORS.analogy("word1", "서울", "word3", 10, method) == pairs(answer)


def test_words_are_compared_in_pairs_and_together(app: App) -> None:
    answer = question(app, "compare", model=0, ids="2,60,5", n=10).json
    words = ["word2", "서울", "word5"]
    assert answer["words"] == [{"id": i, "word": w} for i, w in zip((2, 60, 5), words, strict=True)]
    cosines = [[VECTORS.similarity(a, b) for b in words] for a in words]
    np.testing.assert_allclose(answer["cosines"], cosines, rtol=1e-6)
    assert VECTORS.most_similar(words, topn=10) == pairs(answer["near"])


def test_the_same_word_of_another_model_is_found_by_its_spelling(app: App) -> None:
    assert question(app, "same", model=0, id=60, other=1).json == {"id": 0, "word": "서울"}
    assert question(app, "same", model=1, id=1, other=0).json == {"id": 3, "word": "word3"}
    assert question(app, "same", model=0, id=1, other=1).json is None


def test_a_word_outside_the_vocabulary_is_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)
    rng = np.random.default_rng(2)
    own, ngrams = (rng.normal(size=(rows, 4)).astype(np.float32) for rows in (3, 50))
    vectors = SubwordVectors(["the", "cat", "dog"], own, None, Subwords(own, ngrams, 3, 6))
    app = app_of(SHOWN, PageModel("b", vectors, projection.layout(own)))
    assert [one["composes"] for one in question(app, "about").json["models"]] == [False, True]
    found = question(app, "composed", model=1, q="cats ", n=2).json
    near = vectors.most_similar("cats", topn=2)
    assert (found["word"], found["ngrams"]) == ("cats", vectors.number_of_ngrams("cats"))
    assert [(w["word"], w["score"]) for w in found["neighbours"]] == [
        (word, pytest.approx(cosine, rel=1e-6)) for word, cosine in near
    ]
    assert [w["id"] for w in found["neighbours"]] == [vectors.index(word) for word, _ in near]
    for model, q in ((1, "cat"), (1, ""), (0, "cats")):
        assert question(app, "composed", model=model, q=q, n=2).json is None
    broken = Subwords(own, np.full_like(ngrams, np.nan), 3, 6)
    vectors = SubwordVectors(["the", "cat", "dog"], own, None, broken)
    app = app_of(PageModel("b", vectors, projection.layout(own)))
    assert question(app, "composed", model=0, q="cats", n=2).json is None


def test_search_gives_words_with_their_rows(app: App) -> None:
    assert question(app, "search", model=0, q="서우", n=9).json[0] == {"id": 60, "word": "서울"}
    assert [word["id"] for word in question(app, "search", model=0, q="", n=3).json] == [0, 1, 2]


def test_models_predict_what_they_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)
    text = [*toy.sentences(300), *[["lonely"]] * 50]
    model = Word2Vec(
        dim=8, min_count=1, subsample=0, engine="exact", objective="naive-softmax", max_passes=3
    ).fit(text)
    app = app_of(
        PageModel("m", model.vectors, projection.layout(model.vectors.matrix), word2vec=model)
    )
    about = question(app, "about").json["models"][0]
    assert about["predicts"]
    assert "naive softmax" in about["origin"]
    lonely = model.vectors.index("lonely")
    word = model.vectors.words[0]
    answer = question(app, "predict", model=0, id=0, n=5).json
    expected = [(word, pytest.approx(p, rel=1e-6)) for word, p in model.predict(word, 5)]
    assert [(item["word"], item["score"]) for item in answer] == expected
    assert question(app, "predict", model=0, id=lonely, n=5).json == []


class Run:
    """A run in progress."""

    def since(self, seen: int) -> dict[str, Any]:
        return {"seen": seen}


def test_a_run_is_followed_where_there_is_one(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)
    live = app_of(feed=Run())
    about = question(live, "about").json
    assert (about["live"], about["models"]) == (True, [])
    assert question(live, "live", since=7).json == {"seen": 7}
    assert question(live, "live", since=-1).status == 400
    assert question(live, "words", model=0).status == 404
    assert question(app, "live", since=0).status == 404


def test_a_better_map_is_shown_when_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from support.asking import HOSTS, TOKEN
    from wordkin.views.server.app import application

    stand_in_page(monkeypatch)
    models = [replace(SHOWN, pending="tsne")]
    app = application(models, token=TOKEN, hosts=HOSTS)
    assert question(app, "about").json["models"][0]["pending"] == "t-SNE"
    models[0] = replace(SHOWN, points=SHOWN.points * 2, layout="tsne")
    about = question(app, "about").json["models"][0]
    assert (about["layout"], about["pending"]) == ("t-SNE", None)
    points = np.frombuffer(question(app, "map", model=0).body, "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(points, SHOWN.points * 2)


# ---- what is no question -------------------------------------------------------------------------

GOOD: dict[str, dict[str, object]] = {
    "about": {},
    "words": {"model": 0},
    "map": {"model": 0},
    "search": {"model": 0, "q": "a", "n": 5},
    "neighbours": {"model": 0, "id": 1, "n": 5},
    "analogy": {"model": 0, "a": 1, "b": 2, "c": 3, "n": 5, "method": "add"},
    "compare": {"model": 0, "ids": "1,2", "n": 5},
    "predict": {"model": 0, "id": 1, "n": 5},
    "same": {"model": 0, "id": 1, "other": 1},
    "export": {"view": "m=0&tab=word&id=1"},
}


def refused(app: App, name: str, params: Any, status: int = 400) -> str:
    """Return the error, one line, of a request that must be refused."""
    answered = ask(app, f"/api/{name}?{urlencode(params)}")
    assert answered.status == status, (name, params, answered.body[:200])
    assert list(answered.json) == ["error"]
    error: str = answered.json["error"]
    assert "\n" not in error
    assert 0 < len(error) < 300
    return error


@pytest.mark.parametrize("name", GOOD)
def test_each_parameter_is_needed_once_and_no_other(app: App, name: str) -> None:
    good = GOOD[name]
    assert question(app, name, **good).status == 200
    for missing in good:
        rest = {key: value for key, value in good.items() if key != missing}
        assert missing in refused(app, name, rest)
        assert missing in refused(app, name, [*good.items(), (missing, good[missing])])
    assert "path" in refused(app, name, {**good, "path": "/etc/passwd"})


WHOLE = ["model", "id", "n", "a", "b", "c", "other"]
NO_NUMBERS = [
    "",
    "x",
    "-1",
    "+1",
    "1.0",
    " 1",
    "1 ",
    "01",
    "1e2",
    "0x1",
    "１",
    "٣",
    "1_0",
    "9" * 40,
]


@pytest.mark.parametrize("name", GOOD)
def test_numbers_are_plain_digits(app: App, name: str) -> None:
    for key in GOOD[name].keys() & set(WHOLE):
        for value in NO_NUMBERS:
            refused(app, name, {**GOOD[name], key: value})


@pytest.mark.parametrize("name", GOOD)
def test_what_is_not_there_is_said(app: App, name: str) -> None:
    for key in GOOD[name].keys() & (set(WHOLE) - {"n"}):
        of = 2 if key in ("model", "other") else V
        assert str(of) in refused(app, name, {**GOOD[name], key: of}, 404)


def test_bounds_are_named_with_both_values(app: App) -> None:
    assert refused(app, "search", {**GOOD["search"], "n": 0}) == "n must be 1 to 100, got 0"
    assert refused(app, "search", {**GOOD["search"], "n": 101}) == "n must be 1 to 100, got 101"
    long = refused(app, "search", {**GOOD["search"], "q": "x" * 201})
    assert long == "q must have at most 200 characters, got 201"
    assert question(app, "search", **{**GOOD["search"], "q": "서" * 200}).status == 200
    refused(app, "analogy", {**GOOD["analogy"], "method": "x"})
    for ids in ("", "1", "1,1", "1,2,", ",1", "1;2", "1,2,x", ",".join(map(str, range(13)))):
        refused(app, "compare", {**GOOD["compare"], "ids": ids})
    refused(app, "compare", {**GOOD["compare"], "ids": f"1,{V}"}, 404)


def test_sentences_without_a_corpus_are_not_there(app: App) -> None:
    refused(app, "sentences", {"model": 0, "a": 1, "b": 1})
    refused(app, "sentences", {"model": 0, "a": 1, "b": 2}, 404)


values = st.one_of(
    st.text(max_size=30),
    st.integers(-5, 2**70).map(str),
    st.sampled_from(["0", "1", "5", "add", "1,2", "1,2,3", "m=0&tab=compare&ids=1,2"]),
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), name=st.sampled_from([*GOOD, "sentences"]))
def test_any_parameters_are_answered_or_refused_in_a_line(
    app: App, data: st.DataObject, name: str
) -> None:
    known = list(GOOD.get(name, {"model": 0, "a": 0, "b": 0}))
    keys = st.one_of(st.sampled_from(known) if known else st.just("x"), st.text(max_size=5))
    items = data.draw(st.one_of(
        st.lists(st.tuples(keys, values), max_size=7),
        st.fixed_dictionaries(dict.fromkeys(known, values)).map(lambda given: list(given.items())),
    ))  # fmt: skip
    answered = ask(app, f"/api/{name}?{urlencode(items, errors='replace')}")
    assert answered.status in (200, 400, 404)
    if answered.status != 200:
        assert list(answered.json) == ["error"]


# ---- words that are markup -----------------------------------------------------------------------


def test_a_thousand_words_of_markup_are_json_that_no_browser_takes_for_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in_page(monkeypatch)
    assert len(MARKUP) == 1000
    app = app_of(page_model(MARKUP))
    answered = question(app, "words", model=0)
    assert answered.json == MARKUP
    for i, word in enumerate(MARKUP):
        found = question(app, "search", model=0, q=word, n=1)
        assert found.json == [{"id": i, "word": word}]
        assert found.header("x-content-type-options") == "nosniff"
    error = ask(app, "/api/words?" + urlencode({MARKUP[0]: "1", "model": 0}))
    assert error.status == 400
    assert error.header("content-type") == "application/json"


def test_a_corpus_gives_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_page(monkeypatch)
    text = tmp_path / "text.txt"
    text.write_text("drink hot tea now\ndrink hot coffee now\n<b> tea\n")
    words = ["drink", "hot", "now", "tea", "coffee", "<b>"]
    app = app_of(page_model(words, corpus=(text,)))
    assert question(app, "about").json["models"][0]["sentences"]
    answered = question(app, "sentences", model=0, a=3, b=4)
    assert answered.json["lines"] == [2, 1, 0]
    assert {"drink", "hot", "now"} >= {word["word"] for word in answered.json["shared"]}
    text.unlink()
    assert question(app, "sentences", model=0, a=3, b=4).status == 404
    assert json.loads(question(app, "sentences", model=0, a=3, b=4).body)["error"]
