"""The state of play that the two training algorithms share."""

from typing import NamedTuple

from ..arrays import Array, to_host
from ..errors import NumpyganError
from ..nn.mlp import MLP
from ..numbers import whole
from . import objective


class Scores(NamedTuple):
    """The scores of an iteration; each is an array of one number, on the device."""

    V: Array
    D_real: Array
    D_fake: Array
    logits: Array  # the sum of all logits: not finite if one of them is not


class Game:
    """G, D and the tapes of one iteration; `algorithm1` and `authors2014` yield it.

    pass_g      G's pass over m noise rows
    pass_d      D's pass over 2m rows: m examples (`real`), then m generated rows (`fake`)
    pass_dg     D's pass over the m generated rows of the G step; in `authors2014` it is `fake`
    """

    def __init__(self, G: MLP, D: MLP, m: int, one_pass: bool = False):
        if G.n_out != D.n_in or D.n_out != 1:
            raise NumpyganError(
                f"game: G makes rows of width {G.n_out}, D takes {D.n_in} and gives {D.n_out} "
                f"numbers; expected D to take G's rows and to give one logit."
            )
        if G is D or G.dtype != D.dtype or G.xp is not D.xp:
            raise NumpyganError(
                f"game: G and D must be two networks of one dtype and one array module, "
                f"got {_kind(G)} and {'the same network' if G is D else _kind(D)}."
            )
        self.G, self.D, self.m = G, D, whole("game: m, the rows of a minibatch,", m)
        self.pass_g = G.tape(m)
        self.pass_d = D.tape(2 * m)
        self.real, self.fake = self.pass_d[:m], self.pass_d[m:]
        self.pass_dg = self.fake if one_pass else D.tape(m)

    @property
    def V(self) -> Array:
        """V(D, G) = mean log D(x) + mean log(1 − D(G(z))) of the last D step, in nats."""
        return self.scores().V

    @property
    def D_real(self) -> Array:
        """The mean of D(x) over the examples of the last D step."""
        return self.scores().D_real

    @property
    def D_fake(self) -> Array:
        """The mean of D(G(z)) over the samples of the last D step."""
        return self.scores().D_fake

    def __repr__(self):
        V, real, fake, _ = to_host(self.score_array())
        return f"Game of {self.m} rows: V = {V:.4g}, D(x) = {real:.3g}, D(G(z)) = {fake:.3g}"

    def scores(self) -> Scores:
        """V, D_real, D_fake and the sum of all logits of the last iteration."""
        return Scores(*self.score_array())

    def score_array(self) -> Array:
        """The `scores` as one array of four numbers on the device."""
        passes = self.pass_d, self.pass_dg
        return scores_of(self.D.xp, *(tape.y.reshape(1, tape.m) for tape in passes))[0]


def scores_of(xp, of_d, of_g):
    """The `Scores` of n iterations, (n, 4), from the logits of D's steps (n, 2m) and G's (n, m)."""
    n, m = len(of_d), of_d.shape[1] // 2
    scores = xp.empty((n, 4), of_d.real.dtype)
    scores[:, 0] = objective.value(xp, of_d[:, :m], of_d[:, m:], axis=1)
    p = objective.probability(xp, of_d)  # D(x), then D(G(z))
    scores[:, 1:3] = p.reshape(n, 2, m).mean(2)
    scores[:, 3] = of_d.sum(1) + of_g.sum(1)
    return scores


def _kind(net):
    return f"{net.dtype} of {getattr(net.xp, '__name__', net.xp)}"
