"""Integrals by Gauss–Legendre quadrature over panels between given edges.

A panel [a, b] is covered by x = a + (b − a) s²(3 − 2s), 0 ≤ s ≤ 1. The nodes are dense at both
ends, like s². A density has an inverse square root at a turning point of G; as a function of s it
is smooth.
"""

import numpy


def panels(edges, nodes=10):
    """Nodes x (n,) and weights w (n,) with ∫ f ≈ Σ w f(x) from the first to the last edge.

    Each panel, between two neighbouring edges, has `nodes` nodes.
    """
    s, w = numpy.polynomial.legendre.leggauss(nodes)
    s, w = (s + 1) / 2, w / 2
    place, slope = s * s * (3 - 2 * s), 6 * s * (1 - s)
    width = numpy.diff(edges)[:, None]
    return (edges[:-1, None] + width * place).ravel(), (width * (w * slope)).ravel()


def over(*densities, nodes=10):
    """Nodes x (n, d) and weights w (n,) for integrals over the supports of all these densities.

    The panels have the edges of all densities. In d dimensions a panel is a product of intervals.
    """
    edges = zip(*(density.edges() for density in densities))
    axes = [panels(numpy.unique(numpy.concatenate(axis)), nodes) for axis in edges]
    x = numpy.meshgrid(*(nodes for nodes, _ in axes), indexing="ij")
    w = numpy.array(1.0)
    for _, weights in axes:
        w = numpy.multiply.outer(w, weights)
    return numpy.stack([axis.ravel() for axis in x], 1), w.ravel()
