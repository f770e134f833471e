"""The equations: each loss with its gradients beside it, and the conventions all engines share.

Arrays in, arrays out. This is the truth that the engines answer to: written to be read, not to be
fast. Letters in brackets name the sections of ``docs/equations.md``.

====================  ==================================================  =========
symbol                meaning                                             shape
====================  ==================================================  =========
``V``                 center matrix, row ``c`` is ``v_c``                 ``(V, d)``
``U``                 outside matrix, row ``w`` is ``u_w``                ``(V, d)``
``o``                 the true outside word                               index
``y``, ``y_hat``      one-hot vector with its 1 at ``o``; the model's     ``(V,)``
                      ``P(O = w | C = c) = softmax(U v_c)``
====================  ==================================================  =========

Losses are in nats. A gradient has the shape of what it is taken with respect to. Float64 in gives
float64 out. Complex128 works as well, so that complex-step differentiation goes through these very
functions: they are analytic, branch on real parts alone, and never take ``abs`` or a conjugate.

Source: Mikolov, Sutskever, Chen, Corrado and Dean (2013), "Distributed Representations of Words and
Phrases and their Compositionality"; Mikolov, Chen, Corrado and Dean (2013), "Efficient Estimation
of Word Representations in Vector Space".
"""

from wordkin.objectives.by_counts import corpus_naive_softmax, corpus_negative_sampling
from wordkin.objectives.conventions import (
    FINAL_RATE,
    NOISE_POWER,
    Array,
    keep_probability,
    noise_distribution,
    window_weight,
)
from wordkin.objectives.pairs import (
    PairObjective,
    cross_entropy,
    log_sigmoid,
    log_softmax,
    naive_softmax,
    negative_sampling,
    sigmoid,
    sigmoid_gradient,
    skipgram,
    softmax,
)

__all__ = [
    "FINAL_RATE",
    "NOISE_POWER",
    "Array",
    "PairObjective",
    "corpus_naive_softmax",
    "corpus_negative_sampling",
    "cross_entropy",
    "keep_probability",
    "log_sigmoid",
    "log_softmax",
    "naive_softmax",
    "negative_sampling",
    "noise_distribution",
    "sigmoid",
    "sigmoid_gradient",
    "skipgram",
    "softmax",
    "window_weight",
]
