"""Does G copy training examples? Distances to the nearest one and the nearest held-out one."""

import math

import numpy

from .distances import nearest


def memorising(samples, train, held_out, stream):
    """Two (value, standard error): the mean distance ‖x − nearest training example‖, and the share
    of samples that are nearer to a training example than to a held-out one.

    samples (n, d); train, held_out  rows of the same width, uint8 or float
    For the share the nearest of as many training as held-out examples counts, picked at random: it
    is ½ for samples that owe no more to the one than to the other, and larger for copies (after
    Meehan, Chaudhuri and Dasgupta 2020); a tie counts as half.
    """
    order = stream.permutation(len(train))
    size = min(len(train), len(held_out))
    picked, _ = nearest(samples, train[order[:size]])
    held, _ = nearest(samples, held_out[:size])
    distance = (
        picked
        if size == len(train)
        else numpy.minimum(picked, nearest(samples, train[order[size:]])[0])
    )
    nearer = (picked < held) + (picked == held) / 2
    return [
        (float(terms.mean()), float(terms.std()) / math.sqrt(len(terms)))
        for terms in (numpy.sqrt(distance), nearer)
    ]
