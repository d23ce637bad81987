"""The leave-one-out 1-nearest-neighbour two-sample test (Lopez-Paz and Oquab 2017; for GANs Xu et
al. 2018).
"""

import math

import numpy


def one_nn(pair):
    """How often a point's nearest neighbour in the two samples of a Pair, put together, is of its
    own sample.

    Returns the accuracy over all n + m points, over x alone, over y alone, and the standard error
    of the first. A tie between the samples counts as half.

    ½ where p_g = p_data; 1 where the samples lie apart; below ½ where every generated point sits
    beside a real one (memorising). Standard error: given the points, and the labels tossed, two
    answers depend on each other only if the two points are each other's nearest neighbour, and then
    they are one: √(p(1−p)(1+q)/(n+m)) with q the share of such points.
    """
    sides = ((pair.x, pair.x_among_y), (pair.y, pair.y_among_x))
    right = [
        (own.nearest < other.nearest) + (own.nearest == other.nearest) / 2 for own, other in sides
    ]
    n, m = map(len, right)
    index = numpy.concatenate(
        [
            numpy.where(
                pair.x.nearest <= pair.x_among_y.nearest, pair.x.index, n + pair.x_among_y.index
            ),
            numpy.where(
                pair.y.nearest <= pair.y_among_x.nearest, n + pair.y.index, pair.y_among_x.index
            ),
        ]
    )
    mutual = (index[index] == numpy.arange(n + m)).mean()
    p = numpy.concatenate(right).mean()
    return (
        float(p),
        float(right[0].mean()),
        float(right[1].mean()),
        math.sqrt(p * (1 - p) * (1 + mutual) / (n + m)),
    )
