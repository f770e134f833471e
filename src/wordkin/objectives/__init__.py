"""The equations: each loss with its gradients, and the conventions that all engines share.

Arrays in, arrays out. This is the reference that the engines are tested against, written to be read
and not to be fast. Letters in parentheses name sections of ``docs/equations.md``.

====================  ==================================================  =========
symbol                meaning                                             shape
====================  ==================================================  =========
``V``                 center matrix, row ``c`` is ``v_c``                 ``(V, d)``
``U``                 outside matrix, row ``w`` is ``u_w``                ``(V, d)``
``o``                 the true outside word                               index
``y``, ``y_hat``      one-hot vector with its 1 at ``o``; the model's     ``(V,)``
                      ``P(O = w | C = c) = softmax(U v_c)``
====================  ==================================================  =========

Losses are in nats. A gradient has the shape of its variable. Float64 input gives float64 output.
Complex128 works as well, so that complex-step differentiation runs through these same functions:
they are analytic, branch on real parts only, and never take ``abs`` or a conjugate.

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
