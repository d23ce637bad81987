"""The state of play that the two training algorithms share."""

from ..errors import NumpyganError
from . import objective


class Game:
    """G, D and the tapes of one iteration.

    pass_g      G's pass over m noise rows
    pass_d      D's pass over 2m rows: m examples (`real`), then m generated rows (`fake`)
    pass_dg     D's pass over the m generated rows that teach G; `fake` itself if G learns from the pass that D learns from
    """

    def __init__(self, G, D, m, one_pass=False):
        if G.n_out != D.n_in or D.n_out != 1:
            raise NumpyganError(
                f"game: G makes rows of width {G.n_out}, D takes {D.n_in} and gives {D.n_out} numbers; "
                f"expected D to take G's rows and to give one logit."
            )
        self.G, self.D, self.m = G, D, m
        self.pass_g = G.tape(m)
        self.pass_d = D.tape(2 * m)
        self.real, self.fake = self.pass_d[:m], self.pass_d[m:]
        self.pass_dg = self.fake if one_pass else D.tape(m)

    def scores(self):
        """V(D, G), mean D(x), mean D(G(z)) of the last D step and the sum of all logits, as one device array of four numbers."""
        xp = self.D.xp
        D = objective.probability(xp, self.pass_d.y)  # D(x), then D(G(z))
        return xp.stack([
            objective.value(xp, self.real.y, self.fake.y),
            D[: self.m].mean(),
            D[self.m :].mean(),
            self.pass_d.y.sum() + self.pass_dg.y.sum(),
        ])  # fmt: skip
