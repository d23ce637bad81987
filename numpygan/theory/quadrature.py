"""Integrals by Gauss–Legendre quadrature over panels between given edges.

A panel [a, b] is covered by x = a + (b − a) s²(3 − 2s), 0 ≤ s ≤ 1. The nodes crowd at both ends as
s², so an inverse square root there, as a push-forward density has at a turning point of G, becomes
a smooth function of s.
"""

import numpy


def panels(edges, nodes=10):
    """Nodes x (n,) and weights w (n,) with ∫ f ≈ Σ w f(x) over [edges[0], edges[-1]], `nodes` in
    each panel between the edges.
    """
    s, w = numpy.polynomial.legendre.leggauss(nodes)
    s, w = (s + 1) / 2, w / 2
    place, slope = s * s * (3 - 2 * s), 6 * s * (1 - s)
    width = numpy.diff(edges)[:, None]
    return (edges[:-1, None] + width * place).ravel(), (width * (w * slope)).ravel()


def over(*densities, nodes=10):
    """Nodes x (n, d) and weights w (n,) for integrals of functions of these densities, over all of
    their supports.

    The panels end wherever one of the densities says (`edges()`); in d dimensions they are the
    products of those of each.
    """
    rules = [
        panels(numpy.unique(numpy.concatenate(edges)), nodes)
        for edges in zip(*(density.edges() for density in densities))
    ]
    x = numpy.stack(
        [axis.ravel() for axis in numpy.meshgrid(*(rule[0] for rule in rules), indexing="ij")], 1
    )
    w = numpy.array(1.0)
    for _, weights in rules:
        w = numpy.multiply.outer(w, weights)
    return x, w.ravel()
