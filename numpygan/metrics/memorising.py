"""Does G copy training examples? Distances to the nearest training and held-out examples."""

import math

import numpy

from .distances import nearest


def memorising(samples, train, held_out, stream):
    """Two (value, standard error): the distance to the training data, and the share nearer to it.

    The first is the mean distance ‖x − nearest training example‖. The second is the share of
    samples that are nearer to a training example than to a held-out example; a tie counts as half.
    For the share, the training examples are a random choice of at most the number of held-out
    examples. It is ½ if nothing is memorised, and larger for copies (after Meehan, Chaudhuri and
    Dasgupta 2020).

    samples          (n, d)
    train, held_out  rows of the same width, uint8 or float
    """
    order = stream.permutation(len(train))
    size = min(len(train), len(held_out))
    picked, _ = nearest(samples, train[order[:size]])
    held, _ = nearest(samples, held_out[:size])
    distance = picked
    if size < len(train):
        rest, _ = nearest(samples, train[order[size:]])
        distance = numpy.minimum(picked, rest)
    nearer = (picked < held) + (picked == held) / 2
    return [
        (float(terms.mean()), float(terms.std()) / math.sqrt(len(terms)))
        for terms in (numpy.sqrt(distance), nearer)
    ]
