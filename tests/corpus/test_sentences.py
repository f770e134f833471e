"""What is no list of words is refused with its type, its place and what to give; or it is defined.

What pandas, Hugging Face and others give is made here, of the few attributes that tell it apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import wordkin
from wordkin import CorpusError, CorpusWarning, Word2Vec
from wordkin.corpus.reading import read_corpus


def words_of(text: Any) -> list[str]:
    return read_corpus(text).vocabulary.words


class Table:
    """A table that gives its columns when it is iterated over, as those of pandas do."""

    columns = ("text", "label")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


class Dataset:
    """A data set that gives its rows, as those of Hugging Face do."""

    column_names = ("text", "label")

    def __iter__(self) -> Iterator[dict[str, object]]:
        return iter([{"text": "pear plum", "label": 1}])


class Row(NamedTuple):
    """A row, as pandas gives it."""

    number: int
    text: str


class NAType:
    """A missing value, as pandas has it."""


class Scalar:
    """A value of an Arrow column."""

    def as_py(self) -> str:
        return "pear"


ROWS = [{"text": "pear plum", "label": 1}] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (Table(), r"got a \w+ Table with the columns 'text', 'label': choose one and split"),
        (Dataset(), r'Dataset with the columns .*\[text.split\(\) for text in table\["text"\]\]'),
        (
            ROWS,
            r"sentence 0 must be a list of words, got dict with the keys 'text', 'label': .*ds\[",
        ),
        (iter(ROWS), r"sentence 0 .* got dict .*row\[\"text\"\]\.split\(\)"),
        ({"user": ["pear", "plum"]}, r"got a dict with the keys 'user': .*texts\.values\(\)"),
        ({("pear", "plum")}, "a set has no order, .*sorted"),
        (frozenset([("pear", "plum")]), "a frozenset has no order"),
        ([["a", "b"], {"pear", "plum"}], "sentence 1 .* got set, which has no order.*sorted"),
        ([["a"], None], "sentence 1 .* got NoneType, a missing value"),
        ([["a"], float("nan")], "sentence 1 .* got float, a missing value.*dropna"),
        ([["a"], NAType()], r"sentence 1 .* got \w+ NAType, a missing value"),
        ([["a"], ["b", None]], "word 1 of sentence 1 must be a str, got NoneType, a missing value"),
        ([["a"], ["b", np.nan]], "word 1 of sentence 1 must be a str, got float, a missing value"),
        ([["a"], [NAType()]], r"word 0 of sentence 1 .* got \w+ NAType, a missing value"),
        ([[1, 2, 3]], r"word 0 of sentence 0 must be a str, got int 1: give map\(str, sentence\)"),
        ([[True]], r"got bool True: give map\(str, sentence\)"),
        ([[Decimal("1.5")]], r"got decimal Decimal .*map\(str, sentence\)"),
        (np.arange(4).reshape(2, 2), r"got numpy int64 .*map\(str, sentence\)"),
        ([1, 2, 3], "sentence 0 must be a list of words, got int 1: .* each is a list of str"),
        (np.arange(4), "sentence 0 must be a list of words, got numpy int64"),
        (
            [[["a", "b"], ["c"]]],
            "word 0 of sentence 0 must be a str, got list: .*of their own",
        ),
        ([("key", ["a", "b"])], "word 1 of sentence 0 must be a str, got list"),
        ([(0, ["a", "b"])], "got int 0, beside a list: give the lists alone"),
        (
            [Row(1, "a b")],
            r"sentence 0 .* got \w+ Row with the fields 'number', 'text': choose one",
        ),
        ([[b"pear"]], r"got bytes b'pear': decode it"),
        ([bytearray(b"pear")], "got bytearray: decode and split"),
        ([[Scalar()]], r"got \w+ Scalar: give column.to_pylist\(\)"),
        ([[object()]], r"got object: give map\(str"),
        (b"pear plum", "must not be bytes: decode it"),
        ([["pear", "plum\n"]], r"word 1 of sentence 0 has a line end.*'plum\\n'.*line.split\(\)"),
        ([["pear\r"]], "has a line end"),
        ([["pe\nar"]], "has a line end"),
        ([["a"], "pear plum"], r"sentence 1 .* got str 'pear plum': split it"),
        ([np.array(5)], "sentence 0 must be a list of words, got numpy ndarray"),
        ("pear plum cherry", r"no file 'pear plum cherry', .*\[line.split\(\) for line in lines\]"),
        ("pear\nplum", r"no file 'pear\\nplum'"),
        ("x" * 5000, "no file 'xxx"),
        (["pear plum", "plum fig"], r"no file 'pear plum', in a list: .*lists of words"),
        (["pear", "plum"], "no file 'pear', in a list"),
        (np.array(["pear plum"]), "no file 'pear plum', in a numpy ndarray"),
        ((line for line in ["pear plum\n"]), r"no file 'pear plum\\n', in a generator"),
        ("", "a path must have a name, got ''"),
        ([""], "a path must have a name, got ''"),
        (5, "a corpus is a path, .*got int"),
    ],
)
def test_what_is_no_text_is_refused_with_its_type_its_place_and_the_remedy(
    text: Any, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read_corpus(text)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_tables_and_columns_of_others_are_refused_or_read(name: str) -> None:
    library = pytest.importorskip(name)
    texts = ["pear plum", "plum fig"]
    with pytest.raises(CorpusError, match=f"{name} DataFrame with the columns 'text'"):
        read_corpus(library.DataFrame({"text": texts}))
    with pytest.raises(CorpusError, match=f"'pear plum', in a {name} Series"):
        read_corpus(library.Series(texts))
    split: Any = library.Series([text.split() for text in texts])
    assert words_of(split) == ["plum", "pear", "fig"]


def test_keys_and_values_of_a_dict_are_in_order() -> None:
    baskets = {1: ["pear", "plum"], 2: ["plum", "fig"]}
    assert words_of(baskets.values()) == ["plum", "pear", "fig"]
    assert words_of([{"pear": 1, "plum": 2}.keys()]) == ["pear", "plum"]


def test_strings_of_numpy_are_words() -> None:
    words = words_of(np.array([["pear", "plum"], ["plum", "fig"]]))
    assert words == ["plum", "pear", "fig"]
    assert {type(word) for word in words} == {str}


def test_empty_words_are_left_out_with_one_note(tmp_path: Path) -> None:
    lines = ["pear  plum", " plum fig ", ""]
    with pytest.warns(CorpusWarning, match=r"left out empty words \(''\), 4 in all") as caught:
        split_by_one_blank = read_corpus([line.split(" ") for line in lines])
    assert len(caught) == 1
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n")
    from_lists = read_corpus([line.split() for line in lines])
    assert split_by_one_blank.vocabulary.words == from_lists.vocabulary.words
    assert split_by_one_blank.ids.tolist() == from_lists.ids.tolist()
    assert split_by_one_blank.fingerprint == from_lists.fingerprint
    assert split_by_one_blank.lines == 3


def test_words_with_a_blank_are_kept_with_one_note() -> None:
    with pytest.warns(CorpusWarning, match=r"white space inside, 3 in all, such as 'new york'"):
        corpus = read_corpus([["new york", "pear"], ["new york", "a\tb"]])
    assert corpus.vocabulary.words == ["new york", "pear", "a\tb"]


@pytest.mark.parametrize("space", "\u00a0\u3000\u2009\u2028\u0085\u1680\u202f\u205f\x1f")
def test_white_space_that_parts_no_words_is_noted_with_its_count(
    tmp_path: Path, space: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_text(f"pear{space}plum fig\n" * 3, encoding="utf-8")
    for text in (path, [[f"pear{space}plum", "fig"]] * 3):
        with pytest.warns(CorpusWarning, match="that is not ASCII, 3 in all, such as 'pear"):
            assert words_of(text) == [f"pear{space}plum", "fig"]


def test_letters_near_white_space_are_none() -> None:
    letters = "\u00a1\u00c2\u1681\u200b\u2027\u202a\u2030\u2060\u3001\u0086é한"
    assert words_of([list(letters), [f"pear{letters}"]])


def test_an_item_of_its_own_fault_keeps_its_error() -> None:
    def words() -> Iterator[str]:
        yield "a"
        raise TypeError("the words are broken")

    with pytest.raises(TypeError, match="the words are broken"):
        read_corpus([words()])


def test_a_generator_that_was_read_is_said_to_give_its_items_once() -> None:
    sentences = (words for words in [["pear", "plum"]] * 3)
    read_corpus(sentences)
    with pytest.raises(CorpusError, match=r"empty: .*a generator gives its items only once"):
        read_corpus(sentences)


def test_a_model_of_other_words_of_the_same_bytes_is_not_reproduced(tmp_path: Path) -> None:
    baskets = [["new york", "pear", "plum"], ["plum", "new york", "fig"]] * 50
    settings: Any = {"dim": 2, "min_count": 1, "subsample": 0, "threads": 1, "epochs": 1}
    with pytest.warns(CorpusWarning):
        model = Word2Vec(**settings).fit(baskets)
    with pytest.warns(CorpusWarning):
        assert wordkin.reproduce(model, baskets).equal
    path = tmp_path / "text.txt"
    path.write_text("".join(" ".join(words) + "\n" for words in baskets))
    with pytest.raises(CorpusError, match=r"as 4 different .* but here they are 5 different"):
        wordkin.reproduce(model, path)


def test_text_split_by_one_blank_is_reproduced_from_its_file(tmp_path: Path) -> None:
    lines = ["pear  plum fig", "plum pear  fig"] * 50
    settings: Any = {"dim": 2, "min_count": 1, "subsample": 0, "threads": 1, "epochs": 1}
    with pytest.warns(CorpusWarning, match="empty words"):
        model = Word2Vec(**settings).fit([line.split(" ") for line in lines])
    assert any("empty words" in note for note in model.account.notes)
    assert "" not in model.vectors
    assert wordkin.reproduce(model, [line.split() for line in lines]).equal
    wordkin.save(tmp_path / "vectors.txt", model.vectors)
