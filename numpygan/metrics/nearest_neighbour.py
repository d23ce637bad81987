"""The leave-one-out 1-nearest-neighbour two-sample test.

Sources: Lopez-Paz and Oquab 2017; for GANs Xu et al. 2018.
"""

import math

import numpy


def one_nn(pair):
    """The accuracy of classifying each point of a Pair by its nearest neighbour in both samples.

    Returns the accuracy over all n + m points, over x, over y, and the standard error of the
    first. If the nearest points of the two samples are equally near, this counts as half.

    The accuracy is ½ if p_g = p_data, and 1 if the samples lie apart. It is below ½ if every
    generated point lies beside a real point (memorising). Standard error: with random labels, two
    points' answers depend on each other only if each is the other's nearest neighbour; then the
    answers are equal. This gives √(p(1−p)(1+q)/(n+m)), where q is the share of such points.
    """
    sides = ((pair.x, pair.x_among_y), (pair.y, pair.y_among_x))
    right = [
        (own.nearest < other.nearest) + (own.nearest == other.nearest) / 2 for own, other in sides
    ]
    n, m = map(len, right)
    own_x, own_y = (own.nearest <= other.nearest for own, other in sides)
    of_x = numpy.where(own_x, pair.x.index, n + pair.x_among_y.index)
    of_y = numpy.where(own_y, n + pair.y.index, pair.y_among_x.index)
    index = numpy.concatenate([of_x, of_y])  # of each point's nearest neighbour, y after x
    mutual = (index[index] == numpy.arange(n + m)).mean()
    p = numpy.concatenate(right).mean()
    se = math.sqrt(p * (1 - p) * (1 + mutual) / (n + m))
    return float(p), float(right[0].mean()), float(right[1].mean()), se
