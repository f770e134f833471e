"""Texts on one line, or on few long ones, are sampled by pieces."""

from __future__ import annotations

import numpy as np
import pytest

from wordkin.corpus import pieces
from wordkin.corpus.encoded import LINE_END, Corpus
from wordkin.corpus.pieces import (
    PIECE,
    line_lengths,
    part_lines,
    piece_length,
    sample_units,
)
from wordkin.corpus.reading import read_corpus
from wordkin.corpus.resampling import resampled_lines
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.system.types import Int32


def joined(*lengths: int, ended: bool = True) -> Int32:
    ids, at = [], 0
    for n in lengths:
        ids += [*range(at, at + n), LINE_END]
        at += n
    return np.array(ids if ended else ids[:-1], np.int32)


@pytest.mark.parametrize("ended", [True, False])
def test_lines_have_their_lengths(ended: bool) -> None:
    assert line_lengths(joined(3, 1, 5, ended=ended)).tolist() == [3, 1, 5]
    assert not len(line_lengths(np.empty(0, np.int32)))


@pytest.mark.parametrize(
    ("window", "words", "lines", "piece"),
    [
        (5, 10**6, 1, PIECE),
        (100, 10**6, 1, 200),
        ("line", 10**6, 1, 0),  # a line is what belongs together
        (5, 10**6, 999, PIECE),
        (5, 10**9, 1000, 0),  # lines enough
        (5, 20 * 500, 500, 0),  # few lines, but short
    ],
)
def test_only_few_long_lines_are_sampled_by_pieces(
    window: int | str, words: int, lines: int, piece: int
) -> None:
    assert piece_length(window, words, lines) == piece


@pytest.mark.parametrize("ended", [True, False])
def test_units_are_the_pieces_of_each_line(ended: bool) -> None:
    ids = joined(7, 3, 1, 6, ended=ended)
    begins, ends = sample_units(ids, 3)
    units = [ids[a:b].tolist() for a, b in zip(begins, ends, strict=True)]
    assert units == [[0, 1, 2], [3, 4, 5], [6], [7, 8, 9], [10], [11, 12, 13], [14, 15, 16]]
    begins, ends = sample_units(ids, 0)
    assert [ids[a:b].tolist() for a, b in zip(begins, ends, strict=True)] == [
        [*range(7)],
        [7, 8, 9],
        [10],
        [*range(11, 17)],
    ]


@pytest.mark.parametrize("ended", [True, False])
def test_long_lines_are_parted_into_equal_pieces(
    ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "LONGEST_LINE", 4)
    monkeypatch.setattr(pieces, "WIDEST", 20)
    text = joined(3, 10, 4, 9, ended=ended)
    ids, parted = part_lines(text, "line")
    assert parted == 2
    assert ids[ids >= 0].tolist() == [*range(26)]
    assert line_lengths(ids).tolist() == [3, 3, 3, 4, 4, 3, 3, 3]
    assert np.array_equal(part_lines(text, 9)[0], ids)
    assert np.array_equal(part_lines(text, 21)[0], ids)
    assert line_lengths(part_lines(text, 8)[0]).tolist() == [3, 10, 4, 3, 3, 3]
    assert part_lines(text, 7)[0] is text  # no window reaches all over a line
    same = joined(3, 4)
    assert part_lines(same, "line")[0] is same


def test_a_text_on_one_line_has_pieces_held_out_and_keeps_its_words() -> None:
    words = [f"w{i}" for i in range(30_000)]
    corpus = read_corpus([words], held_out=0.05, window=5)
    assert corpus.piece == PIECE
    assert corpus.vocabulary.words == words
    assert set(corpus.vocabulary.counts) == {1}
    held = corpus.held_out[corpus.held_out >= 0]
    assert 0.03 * 30_000 < len(held) == corpus.held_out_tokens < 0.07 * 30_000
    kept = corpus.ids[corpus.ids >= 0]
    assert sorted([*held, *kept]) == [*range(30_000)]
    assert corpus.out_of_vocabulary == 0
    assert corpus.only_held_out == len(held)
    for part in (corpus.ids, corpus.held_out):
        for line in np.split(part, np.flatnonzero(part == LINE_END) + 1)[:-1]:
            assert np.array_equal(np.diff(line[:-1]), np.ones(len(line) - 2))
            assert line[0] % PIECE == 0


def test_lines_are_held_out_whole_where_there_are_enough() -> None:
    lines = [[f"w{i}"] * 60 for i in range(1200)]
    corpus = read_corpus(lines, held_out=0.1, window=5)
    assert corpus.piece == 0
    assert set(line_lengths(corpus.held_out)) == {60}


def test_a_short_text_holds_nothing_out() -> None:
    corpus = read_corpus([["a", "b"] * 1000], held_out=0.5, window=5)
    assert (len(corpus.held_out), corpus.piece) == (0, 0)


def test_a_text_on_one_line_is_resampled_by_pieces() -> None:
    ids = np.r_[np.arange(50_000), LINE_END].astype(np.int32)
    words = [f"w{i}" for i in range(50_000)]
    corpus = Corpus(Vocabulary(words, np.ones(50_000, np.int64)), ids, 50_000, 1, 0)
    drawn = list(resampled_lines(corpus, seed=1))
    assert len(drawn) == 1000
    assert {len(piece) for piece in drawn} == {50}
    assert len({piece[0] for piece in drawn}) == pytest.approx(632, abs=60)  # 1 - 1/e of them
