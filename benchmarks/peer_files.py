"""Whether a folder of files of other programs is read here as those programs read it.

    python benchmarks/peer_files.py FOLDER [FOLDER …] [--all]

Comes in: folders with files of vectors, such as the test data of gensim, fastText, finalfusion and
others, taken from their repositories. Goes out: a line for each file that wordkin or a program
reads, with the words, the largest difference of a number, and whether the neighbours agree; then
how many are read by both, by wordkin alone, by a program alone, and by neither. With --all, also a
line for each file that nobody reads, with the reason that wordkin gives. The status is 1 if
vectors differ.

gensim, fasttext, finalfusion, spacy and model2vec are used where they are installed. gensim
unpickles its files, which can run any code: use only folders that you trust.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import wordkin
from wordkin.system.errors import WordkinError
from wordkin.vectors.formats.spacy import is_folder as is_of_spacy
from wordkin.vectors.formats.token_folder import is_folder as is_of_tokens

SOME = 20  # words whose neighbours are compared
NEAREST = 5
PATIENCE = 10  # seconds for one program and file


class Found(NamedTuple):
    """What a program reads of a file: its words, and the vector of each."""

    program: str
    words: list[str]
    vector: Callable[[str], Any]


def main() -> int:
    """Compare all files; 1 if vectors differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--all", action="store_true", help="also files that nobody reads")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    signal.signal(signal.SIGALRM, give_up)
    verdicts: Counter[str] = Counter()
    differ = 0
    for folder in given.folder:
        for path in paths(folder):
            verdict, line = compare(path)
            verdicts[verdict] += 1
            differ += verdict == "both, unlike"
            if verdict != "neither" or given.all:
                print(f"{verdict:<13} {path.relative_to(folder.parent)}: {line}", flush=True)
    for verdict, count in sorted(verdicts.items()):
        print(f"{count:>5} {verdict}")
    return int(differ > 0)


def paths(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, and its folders that are models, but not the files in them."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not (is_of_spacy(path) or is_of_tokens(path)):
            yield from paths(path)
        else:
            yield path


def compare(path: Path) -> tuple[str, str]:
    """Return who reads a file, and a description."""
    there = next(read_there(path), None)
    try:
        here = wordkin.load(path)
    except (WordkinError, OSError) as error:
        reason = str(error).replace(str(path), "").lstrip(": ")
        if there is None:
            return "neither", reason
        return "program alone", f"{there.program}: {len(there.words):,} words; {reason}"
    if there is None:
        return "wordkin alone", f"{len(here):,} words"
    shared = [word for word in there.words if word in here]
    if not shared:
        return "both, unlike", f"{there.program}: no common word"
    theirs = np.array([there.vector(word) for word in shared], np.float64)
    mine = np.array([here[word] for word in shared], np.float64)
    worst = float(np.abs(mine - theirs).max()) if mine.shape == theirs.shape else np.inf
    same = nearest(mine) == nearest(theirs) if np.isfinite(worst) else False
    words = f"{len(here):,} words" if len(here) == len(there.words) == len(shared) else (
        f"{len(shared):,} common words of {len(here):,} here and {len(there.words):,} there"
    )  # fmt: skip
    line = f"{there.program}: {words}, differ by at most {worst:.1g}"
    if worst > 1e-5 * max(1.0, float(np.abs(theirs).max())) or not same:
        return "both, unlike", line + ("" if same else ", and in their neighbours")
    return "both", line


def nearest(matrix: Any) -> list[list[int]]:
    """Return the nearest rows of the first rows, by the cosine to four digits."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    units = matrix / np.where(lengths > 0, lengths, 1)
    cosines = np.round(units[:SOME] @ units.T, 4)
    return [np.argsort(-row, kind="stable")[:NEAREST].tolist() for row in cosines]


def read_there(path: Path) -> Iterator[Found]:
    """Yield what the programs read of a file; those that fail or are not installed are left out."""
    for reader in (of_folders, of_fasttext, of_finalfusion, of_gensim, of_word2vec):
        signal.alarm(PATIENCE)  # some read a long time what is no file of theirs
        try:
            found = [found for found in reader(path) if found.words]
        except Exception:  # whatever another program raises
            continue
        finally:
            signal.alarm(0)
        yield from found


def give_up(*_: object) -> None:
    """Leave a reader that takes too long."""
    raise TimeoutError


def of_folders(path: Path) -> Iterable[Found]:
    """Read a pipeline of spaCy or a folder of model2vec."""
    if is_of_spacy(path):
        import spacy

        vocab = spacy.load(path).vocab
        keys = [vocab.strings[key] for key in vocab.vectors]
        yield Found("spaCy", keys, vocab.get_vector)
    elif is_of_tokens(path):
        from model2vec import StaticModel

        model = StaticModel.from_pretrained(str(path))
        rows = model.embedding
        if model.token_mapping is not None:
            rows = rows[model.token_mapping]
        if model.weights is not None:
            rows = rows * model.weights[:, np.newaxis]
        yield Found("model2vec", list(model.tokens), table(model.tokens, rows))


def of_fasttext(path: Path) -> Iterable[Found]:
    """Read a .bin or .ftz file."""
    if path.is_file():
        import fasttext

        model = fasttext.load_model(str(path))
        words = [word for word in model.get_words(on_unicode_error="replace") if "�" not in word]
        yield Found("fastText", words, model.get_word_vector)


def of_finalfusion(path: Path) -> Iterable[Found]:
    """Read a .fifu file, with the lengths that its norms give."""
    if path.is_file() and path.open("rb").read(4) == b"FiFu":
        import finalfusion

        model = finalfusion.load_finalfusion(str(path))
        words = list(model.vocab.words)
        rows = np.array([model.embedding(word) for word in words])
        if model.norms is not None:
            rows = rows * np.asarray(model.norms)[:, np.newaxis]
        yield Found("finalfusion", words, table(words, rows))


def of_gensim(path: Path) -> Iterable[Found]:
    """Read what gensim saved, or a model of fastText."""
    from gensim.models import fasttext
    from gensim.utils import SaveLoad

    try:
        loaded = SaveLoad.load(str(path))
    except Exception:
        loaded = fasttext.load_facebook_vectors(str(path))
    vectors = getattr(loaded, "wv", loaded)
    yield Found("gensim", list(vectors.index_to_key), vectors.get_vector)


def of_word2vec(path: Path) -> Iterable[Found]:
    """Read word2vec's formats, or GloVe's if the name says so."""
    from gensim.models import KeyedVectors

    if path.is_file() and path.suffix not in (".npy", ".gz"):
        glove = "glove" in path.name or "nodims" in path.name
        text = path.suffix != ".bin"
        vectors = KeyedVectors.load_word2vec_format(str(path), binary=not text, no_header=glove)
        yield Found("gensim", list(vectors.index_to_key), vectors.get_vector)


def table(words: Iterable[str], rows: Any) -> Callable[[str], Any]:
    """Return a function that gives the row of a word."""
    index = {word: i for i, word in enumerate(words)}
    return lambda word: rows[index[word]]


if __name__ == "__main__":
    sys.exit(main())
