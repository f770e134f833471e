"""Verbs that compare models: two given ones, or several of one text with different seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordkin.cli.app import Json, Quiet, TopN, app, decode_argument
from wordkin.cli.ask import scores_as_json
from wordkin.cli.shared_options import (
    ChosenSettings,
    Loading,
    SettingGroup,
    require_output,
    with_option_groups,
)
from wordkin.cli.training_report import format_loss
from wordkin.cli.words import KnownWords, SkipUnknown
from wordkin.engines.settings import settings_for
from wordkin.system import terminal
from wordkin.system.errors import SettingsError
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    from wordkin.evaluation.comparing import Change, Comparison
    from wordkin.evaluation.stability import Stability
    from wordkin.vectors.words import WordVectors


_COLUMN_WIDTH = 22  # cells of a column of words, so that two fit beside the numbers
_TRAINED_WITH = SettingGroup(
    (
        *("objective", "engine", "dim", "window", "epochs", "min_count", "max_vocab", "subsample"),
        *("ridge", "threads"),
    )
)
_K = Annotated[int, typer.Option("--k", min=1, help="How many neighbours to compare per word.")]

_MostFrequent = Annotated[
    int | None,
    typer.Option(
        min=1, help="Compare only this many words, the most frequent ones.", show_default="all"
    ),
]

_Within = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="Look for neighbours only among this many words, the most frequent ones.",
        show_default="all",
    ),
]


@app.command(epilog="Example:  wordkin compare old.safetensors new.safetensors seoul")
@with_option_groups
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A file of vectors, in any format.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The file of vectors to compare it with.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Show the neighbours of these words in both models."),
    ] = None,
    topn: TopN = 20,
    k: _K = 10,
    most_frequent: _MostFrequent = None,
    within: _Within = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show how much two models agree, and where they differ."""
    from wordkin.evaluation.comparing import compare as compare_models

    chosen = [decode_argument(word) for word in words] if words else None
    models = loading.load(a), loading.load(b)
    sizes = [len(vectors) for vectors in models]
    for name, vectors in zip("AB", models, strict=True):
        if chosen is not None:
            known = KnownWords(vectors, chosen, skip=skip_unknown, prefix=f"model {name}: ")
            chosen = known.among(chosen)
    found = compare_models(*models, k, most_frequent, within, words=chosen)
    changes = [found.of(word) for word in chosen] if chosen else found.most_changed(topn)
    if json:
        terminal.put_json(_comparison_as_json(a, b, found, changes) | {"vocabularies": sizes})
    elif chosen:
        for i, change in enumerate(changes):
            if i:
                terminal.put()
            _put_side_by_side(change, found.k)
    else:
        _put_comparison(a, b, found, changes, sizes)


def _comparison_as_json(
    a: Path, b: Path, found: Comparison, changes: Sequence[Change]
) -> dict[str, Any]:
    return {
        "a": str(a),
        "b": str(b),
        "common": found.common,
        "compared": len(found.words),
        "k": found.k,
        "overlap": found.mean_overlap,
        "chance": found.chance,
        "jaccard": float(found.jaccard.mean()),
        "aligned_cosine": found.mean_cosine,
        "shared": found.shared.tolist(),
        "words": [
            {
                "word": change.word,
                "overlap": change.overlap,
                "aligned_cosine": change.cosine,
                "in_a": scores_as_json(change.in_a),
                "in_b": scores_as_json(change.in_b),
            }
            for change in changes
        ],
    }


def _put_comparison(
    a: Path, b: Path, found: Comparison, changes: Sequence[Change], sizes: Sequence[int]
) -> None:
    terminal.put_heading(f"{a}  and  {b}")
    compared = len(found.words)
    of_all = "" if compared == found.common else f", {compared:,} of them compared"
    terminal.put(f"  in common       {_common(found.common, sizes)}{of_all}")
    terminal.put(
        f"  overlap         {found.mean_overlap:.4f} of {quantity(found.k, 'neighbour')},"
        f" on average; by chance {found.chance:.4f}"
    )
    terminal.put(f"  aligned cosine  {found.mean_cosine:.4f} on average")
    terminal.put()
    _put_distribution(found)
    terminal.put()
    rows = [
        [
            f"{change.overlap:.2f}",
            f"{change.cosine:.2f}",
            terminal.cut(change.word, 16),
            _words_that_fit([word for word, _ in change.in_a]),
            _words_that_fit([word for word, _ in change.in_b]),
        ]
        for change in changes
    ]
    terminal.put_table(["overlap", "cosine", "changed most", "nearest in A", "in B"], rows, ">><<<")


def _common(common: int, sizes: Sequence[int]) -> str:
    """Return how many words models have in common, and of how many."""
    least, most = min(sizes), max(sizes)
    of = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{quantity(common, 'word')} of {of}"


def _put_distribution(found: Comparison) -> None:
    """Print how many words have which overlap, in steps of at least a tenth."""
    import numpy as np

    steps = min(found.k, 10)
    tenths = np.rint(found.overlap * steps).astype(np.int64)
    counts = np.bincount(tenths, minlength=steps + 1).tolist()
    rows = [
        [f"{i / steps:.2f}", f"{count:,}", f"{count / len(tenths):.1%}", _bar(count, max(counts))]
        for i, count in enumerate(counts)
    ]
    terminal.put_table(["overlap", "words", "share", ""], rows, ">>><")


def _bar(count: int, most: int) -> str:
    longest = min(40, max(8, terminal.columns() - 28))  # beside the columns of numbers
    return "▇" * round(longest * count / most)


def _put_side_by_side(change: Change, k: int) -> None:
    terminal.put_heading(change.word)
    common = {word for word, _ in change.in_a} & {word for word, _ in change.in_b}
    terminal.put(
        f"  {len(common)} of {quantity(k, 'neighbour')} in both (=); aligned cosine"
        f" {change.cosine:.4f}"
    )
    rows = []
    for pair in zip(change.in_a, change.in_b, strict=True):
        cells = ((f"{c:.4f}", "=" if w in common else "", terminal.cut(w, 24)) for w, c in pair)
        rows.append(["", *(cell for side in cells for cell in side)])
    terminal.put_table(["", "cosine", "", "in A", "cosine", "", "in B"], rows, "<><<><<")


def _words_that_fit(words: Sequence[str]) -> str:
    """Return as many of the words as fit into a column."""
    text = ""
    for word in words:
        longer = f"{text} {word}".lstrip()
        if terminal.width(terminal.printable(longer)) > _COLUMN_WIDTH:
            break
        text = longer
    return text or terminal.cut(words[0], _COLUMN_WIDTH) if words else ""


@app.command(epilog="Example:  wordkin stability corpus.txt --seeds 5 --output stability.tsv")
@with_option_groups
def stability(
    corpus: Annotated[
        list[str],
        typer.Argument(metavar="CORPUS", help="Text files, as for `wordkin train`."),
    ],
    settings: Annotated[ChosenSettings, _TRAINED_WITH],
    seeds: Annotated[
        int, typer.Option(min=2, help="How many models to train, with seeds from 1 on.")
    ] = 5,
    resample: Annotated[
        bool,
        typer.Option(
            "--resample",
            help="Train each model on lines drawn from the text with replacement, to show how much"
            " another text of the same kind would change.",
        ),
    ] = False,
    topn: TopN = 20,
    k: _K = 10,
    most_frequent: _MostFrequent = None,
    within: _Within = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the result for all words to a TSV file."
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show how stable neighbours are across seeds or texts."""
    settings_for(**settings)  # reports errors before NumPy is imported
    if "-" in corpus and not resample:
        raise SettingsError(
            "standard input can be read only once, and each seed reads the text: give a file"
        )
    if output is not None:
        require_output(output, corpus)
    from wordkin.evaluation.stability import stability as stability_of

    models = list(_trained(corpus, settings, seeds, resample=resample, quiet=quiet))
    sizes = [len(vectors) for vectors in models]
    found = stability_of(models, k, most_frequent, within)
    if output is not None:
        _write_table(output, found, models[0])
        if not quiet:
            terminal.say(f"saved   {quantity(len(found.words), 'word')}: {output}")
    if json:
        terminal.put_json(
            _stability_as_json(found, topn, settings, resample) | {"vocabularies": sizes}
        )
    else:
        _put_stability(found, topn, resample, sizes)


def _trained(
    corpus: list[str], settings: dict[str, Any], seeds: int, *, resample: bool, quiet: bool
) -> Iterator[WordVectors]:
    """Yield the vectors of one model per seed."""
    from wordkin.corpus.reading import read_corpus
    from wordkin.corpus.resampling import resampled_lines
    from wordkin.training.model import Word2Vec

    read = read_corpus(map(Path, corpus)) if resample else None
    for seed in range(1, seeds + 1):
        text: Any = map(Path, corpus) if read is None else resampled_lines(read, seed)
        model = Word2Vec(**settings, seed=seed).fit(text, progress=False if quiet else None)
        if not quiet:
            words = quantity(len(model.vectors), "different word")
            terminal.say(
                f"model   {seed} of {seeds}: {words}, loss {format_loss(model.history[-1].loss)},"
                f" {model.account.training:.1f} s"
            )
        yield model.vectors


def _write_table(path: Path, found: Stability, first: WordVectors) -> None:
    from wordkin.system.files import atomic_write

    with (
        atomic_write(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file,
    ):
        file.write("word\tcount\toverlap\tagreed\n")
        for i, word in enumerate(found.words):
            count = "" if first.counts is None else first.counts[first.index(word)]
            agreed = " ".join(found.agreed(word))
            file.write(f"{word}\t{count}\t{found.overlap[i]:.4f}\t{agreed}\n")


def _stability_as_json(
    found: Stability, topn: int, settings: dict[str, Any], resample: bool
) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "models": found.models,
        "resampled": resample,
        "settings": settings,
        "common": found.common,
        "compared": len(found.words),
        "k": found.k,
        "overlap": found.mean_overlap,
        "chance": found.chance,
        "bands": [asdict(band) for band in found.bands],
        "most_stable": _words_as_json(found, found.most_stable(topn)),
        "least_stable": _words_as_json(found, found.least_stable(topn)),
    }


def _words_as_json(found: Stability, words: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [
        {"word": word, "overlap": overlap, "agreed": found.agreed(word)} for word, overlap in words
    ]


def _put_stability(found: Stability, topn: int, resample: bool, sizes: Sequence[int]) -> None:
    how = "resampled lines for each" if resample else "same text, different seeds"
    terminal.put_heading(f"{quantity(found.models, 'model')}: {how}")
    terminal.put(f"  in common  {_common(found.common, sizes)}")
    terminal.put(
        f"  overlap    {found.mean_overlap:.4f} of {quantity(found.k, 'neighbour')}, on average;"
        f" by chance {found.chance:.4f}"
    )
    terminal.put()
    rows = [
        [
            f"{band.first:,} to {band.last:,}",
            f"{band.overlap:.4f}",
            _bar(round(1e6 * band.overlap), 10**6),
        ]
        for band in found.bands
    ]
    terminal.put_table(["by frequency", "overlap", ""], rows, "<><")
    for heading, words in (
        ("most stable", found.most_stable(topn)),
        ("least stable", found.least_stable(topn)),
    ):
        terminal.put()
        rows = [
            [f"{overlap:.2f}", terminal.cut(word, 20), " ".join(found.agreed(word)[:5])]
            for word, overlap in words
        ]
        terminal.put_table(["overlap", heading, "neighbours in all models"], rows, "><<")
