"""What other programs call things: gensim, fastText, scikit-learn, and what wordkin calls them.

In: a name that wordkin does not have, and the names that it has at that place. Out: the end of an
error message, which names the right one. Each table is for one place; its values are what to write
instead there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_SUBWORDS = "the exact engine has subwords: Word2Vec(engine='exact', subwords=(3, 6))."
_ONE_MODEL = "skip-gram is the one model: choose objective and engine instead."
_TEXT_TO_FIT = "give the text to fit: Word2Vec(…).fit(sentences)."
_NEVER_CHANGE = "vectors never change: make a new WordVectors(words, matrix)."
_OWN_RATE = "the learning rate falls to 1/250 of learning_rate."

SETTINGS: Mapping[str, str] = {
    **dict.fromkeys(
        ("vector_size", "size", "vector_length", "embedding_size", "embedding_dim", "n_components"),
        "dim",
    ),
    **dict.fromkeys(("workers", "thread", "n_jobs", "num_threads"), "threads"),
    **dict.fromkeys(("iter", "iterations", "epoch", "n_epochs", "max_iter"), "epochs"),
    **dict.fromkeys(("alpha", "lr", "start_alpha"), "learning_rate"),
    **dict.fromkeys(("min_alpha", "end_alpha", "lrUpdateRate"), _OWN_RATE),
    **dict.fromkeys(("negative", "neg", "num_negatives", "negative_samples"), "negatives"),
    **dict.fromkeys(("sample", "t", "sampling"), "subsample"),
    **dict.fromkeys(("ws", "window_size", "context"), "window"),
    **dict.fromkeys(("minCount", "min_word_freq", "min_freq"), "min_count"),
    **dict.fromkeys(("max_vocab_size", "max_final_vocab", "vocab_size", "max_words"), "max_vocab"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("loss", "method"), "objective"),
    **dict.fromkeys(("sg", "cbow", "cbow_mean", "model"), _ONE_MODEL),
    "hs": "objective='naive-softmax' trains the full softmax.",
    "ns_exponent": "the noise is the counts to the power 0.75, as in word2vec.",
    "shrink_windows": "nearer words always weigh more.",
    **dict.fromkeys(("sentences", "corpus_file", "corpus", "input", "text"), _TEXT_TO_FIT),
    **dict.fromkeys(("callbacks", "callback"), "give it to fit: fit(text, callback=…)."),
    "compute_loss": "the loss is always computed: model.history.",
    **dict.fromkeys(("minn", "min_n", "maxn", "max_n", "wordNgrams"), _SUBWORDS),
    "bucket": "n-grams are counted, not hashed: leave it out.",
    "trim_rule": "min_count and max_vocab limit the vocabulary.",
    "batch_words": "batches need no setting.",
    "sorted_vocab": "words are always in the order of their frequency.",
    "verbose": "give progress to fit: fit(text, progress=True).",
}
"""Keywords of `Word2Vec`."""

RUN_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("callbacks", "on_epoch_end"), "callback"),
    **dict.fromkeys(("verbose", "progress_bar", "show_progress"), "progress"),
    **dict.fromkeys(("log", "log_file", "history_file"), "history"),
    **dict.fromkeys(("checkpoint_dir", "checkpoints"), "checkpoint"),
    **dict.fromkeys(("total_examples", "total_words", "update"), "fit counts the text by itself."),
}
"""Keywords of `fit`, besides all settings, which are for `Word2Vec`."""

MODEL: Mapping[str, str] = {
    "wv": "model.vectors",
    **dict.fromkeys(("train", "build_vocab", "fit_transform"), "model.fit(text)"),
    "predict_output_word": "model.predict(word)",
    "get_latest_training_loss": "model.history[-1].loss",
    "running_training_loss": "model.history[-1].loss",
    **dict.fromkeys(("syn1", "syn1neg"), "model.outside.matrix"),
    **dict.fromkeys(("vector_size", "layer1_size"), "model.settings.dim"),
    **dict.fromkeys(("workers", "min_count", "window", "epochs"), "model.settings"),
    **dict.fromkeys(("corpus_count", "corpus_total_words", "raw_vocab"), "model.account"),
    **dict.fromkeys(("save_model", "save_word2vec_format"), "model.save(path)"),
    "load_model": "Word2Vec.load(path)",
    "load_word2vec_format": "wordkin.load(path)",
    "set_params": "Word2Vec(**model.get_params() | {…})",
    "transform": "model.vectors[words]",
}
"""Attributes of `Word2Vec`, besides those of its vectors."""

VECTORS: Mapping[str, str] = {
    **dict.fromkeys(("index_to_key", "index2word", "index2entity", "itos"), "vectors.words"),
    **dict.fromkeys(("get_words", "get_labels"), "vectors.words"),
    **dict.fromkeys(("key_to_index", "stoi"), "vectors.index(word)"),
    **dict.fromkeys(("get_index", "get_word_id"), "vectors.index(word)"),
    **dict.fromkeys(("has_index_for", "contains"), "word in vectors"),
    **dict.fromkeys(("vocab", "vocabulary"), "vectors.words"),
    **dict.fromkeys(("vectors", "syn0", "data", "get_input_matrix"), "vectors.matrix"),
    **dict.fromkeys(("vectors_norm", "syn0norm", "get_normed_vectors"), "vectors.unit().matrix"),
    **dict.fromkeys(("init_sims", "fill_norms", "normalize"), "vectors.unit()"),
    **dict.fromkeys(("norms", "vectors_norms"), "vectors.lengths"),
    **dict.fromkeys(("vector_size", "get_dimension", "ndim"), "vectors.dim"),
    "shape": "vectors.matrix.shape",
    **dict.fromkeys(("get_vector", "word_vec", "get_word_vector"), "vectors[word]"),
    **dict.fromkeys(("get_vecs_by_tokens", "vectors_for_all"), "vectors[words]"),
    "get_mean_vector": "vectors[words].mean(axis=0)",
    "get_sentence_vector": "vectors[words].mean(axis=0)",
    **dict.fromkeys(
        ("similar_by_word", "similar_by_key", "similar_by_vector", "get_nearest_neighbors"),
        "vectors.most_similar(word, topn=…)",
    ),
    **dict.fromkeys(("neighbors", "neighbours", "nearest"), "vectors.most_similar(word, topn=…)"),
    "most_similar_cosmul": "vectors.analogy(a, b, c, method='mul')",
    "most_similar_to_given": "vectors.most_similar(word, topn=1, within=words)",
    "neighbor_rows": "vectors.neighbour_rows",
    "get_analogies": "vectors.analogy(a, b, c)",
    "distance": "1 - vectors.similarity(a, b), or vectors.distances",
    "cosine_similarities": "vectors.similarity(word, words)",
    "words_closer_than": "vectors.closer_than(word, other)",
    **dict.fromkeys(("wmdistance", "wv"), "it has no such question."),
    **dict.fromkeys(
        ("evaluate_word_analogies", "accuracy", "evaluate_word_pairs"), "wordkin.evaluation"
    ),
    **dict.fromkeys(
        ("save", "save_word2vec_format", "save_model"), "wordkin.save(path, vectors, format=…)"
    ),
    **dict.fromkeys(("load_word2vec_format", "load_model", "load"), "wordkin.load(path)"),
    **dict.fromkeys(("add_vector", "add_vectors", "add"), _NEVER_CHANGE),
    **dict.fromkeys(("get_vecattr", "expandos", "get_freqs"), "vectors.counts"),
    "sort_by_descending_frequency": "vectors.take(words)",
    "get_subwords": "vectors.compose(words)",
    "to_dataframe": "pandas.DataFrame(vectors.matrix, index=vectors.words)",
    "restrict_vocab": "within",
}
"""Attributes of `WordVectors`."""

KEYWORDS: Mapping[str, str] = {
    "restrict_vocab": "within",
    **dict.fromkeys(("k", "n", "top_n", "top_k"), "topn"),
    **dict.fromkeys(("word", "key", "vector"), "positive"),
    "binary": "the content of a file decides; or give format='word2vec-binary'.",
    "no_header": "the content of a file decides; or give format='glove'.",
    **dict.fromkeys(("max_words", "n_words", "nrows"), "limit"),
    **dict.fromkeys(("wv", "model", "keyed_vectors"), "vectors"),
    **dict.fromkeys(("fname", "file", "filename"), "path"),
}
"""Keywords of the questions of `WordVectors`, of `load` and `save`."""

MODULE: Mapping[str, str] = {
    "KeyedVectors": "wordkin.load(path) and WordVectors",
    **dict.fromkeys(("load_word2vec_format", "load_model", "load_vectors"), "wordkin.load(path)"),
    **dict.fromkeys(("load_facebook_model", "load_facebook_vectors"), "wordkin.load(path)"),
    **dict.fromkeys(("save_word2vec_format", "save_model"), "wordkin.save(path, vectors)"),
    **dict.fromkeys(
        ("train", "train_unsupervised", "fit", "models"), "wordkin.Word2Vec().fit(text)"
    ),
    "FastText": _SUBWORDS,
    "Doc2Vec": _ONE_MODEL,
    "Model": "wordkin.Word2Vec",
    "Vectors": "wordkin.WordVectors",
    **dict.fromkeys(("downloader", "api"), "wordkin downloads nothing: wordkin.load(path)."),
}
"""Names in `wordkin`."""


def knows_keywords(elsewhere: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function: a keyword that it does not have is refused with what is meant."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code: CodeType = function.__code__
        ours = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

        @functools.wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            for name in keywords:
                if name not in ours:
                    hint = did_you_mean(name, elsewhere, ours)
                    raise TypeError(
                        f"{function.__name__} has no argument {name!r}" + (hint and f"; {hint}")
                    )
            return function(*args, **keywords)

        return call

    return decorate


def did_you_mean(name: str, elsewhere: Mapping[str, str], ours: Iterable[str]) -> str:
    """Return a hint for a name of another program, or a misspelled one; or "".

    A value of the table that ends in a full stop is the hint; else it is "did you mean …?".

    Parameters
    ----------
    name : str
        A name that is not here.
    elsewhere : mapping of str to str
        One of the tables.
    ours : iterable of str
        The names that there are at this place.
    """
    meant = elsewhere.get(name)
    if meant is None:
        import difflib

        plain = {each.lower().replace("-", "_"): each for each in ours if each[0] != "_"}
        close = difflib.get_close_matches(name.lower().replace("-", "_"), plain, 1, 0.75)
        meant = plain[close[0]] if close else None
    if meant is None or meant.endswith("."):
        return (meant or "").removesuffix(".")
    return f"did you mean {meant}?"
