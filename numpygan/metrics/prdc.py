"""Precision, recall, density and coverage from k nearest neighbours.

Sources: Kynkäänniemi et al. 2019 (precision and recall), Naeem et al. 2020 (density and coverage).
"""

import math


def prdc(pair, k):
    """(value, standard error) by name, for a Pair of x (n, generated) and y (m, real).

    B(a) is the ball around a that reaches to the k-th nearest neighbour of a in its own sample;
    the radii in the Pair must be for this k.

    precision = (1/n) Σ_i [x_i in some B(y_j)]        (Kynkäänniemi et al., Eq. 2)
    recall    = (1/m) Σ_j [y_j in some B(x_i)]
    density   = (1/kn) Σ_i Σ_j [x_i in B(y_j)]        (Naeem et al., §3)
    coverage  = (1/m) Σ_j [some x_i in B(y_j)]        (Naeem et al., §3)

    Each is a mean over the points of one sample. Its standard error takes the other sample as
    fixed.
    """
    means = {
        "precision": pair.x_among_y.balls > 0,
        "recall": pair.y_among_x.balls > 0,
        "density": pair.x_among_y.balls / k,
        "coverage": pair.y_among_x.nearest <= pair.y.radius,
    }
    return {
        name: (float(terms.mean()), float(terms.std()) / math.sqrt(len(terms)))
        for name, terms in means.items()
    }
