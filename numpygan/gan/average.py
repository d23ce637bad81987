"""The running average of the generator's iterates."""

from ..arrays import kernel
from ..errors import NumpyganError
from ..nn.mlp import MLP
from ..nn.optimizers import lanes
from ..nn.threads import at_once
from ..numbers import number, whole


class Average:
    """θ̄ ← β_t θ̄ + (1 − β_t) θ after iteration t = 1, 2, …, with β_t = min(β, (t − 1)/(t + 2)).

    While β_t < β, the weight of θ_t grows as t², so the start is soon forgotten (Shamir and Zhang
    2013, §4: polynomial-decay averaging). Training never reads θ̄. In a game the iterates go round
    an equilibrium, and the noise of the minibatches moves them about. The average stays near
    the equilibrium (Polyak and Juditsky 1992; for GANs Yazıcı et al. 2019, "The Unusual
    Effectiveness of Averaging in GAN Training"). docs/explain/averaging.md says why. The paper does
    not average.

    Neighbouring iterates hardly differ, so every n-th is enough. Then θ̄ moves only at t = j n:
    θ̄ ← θ̄ + (1 − min(βⁿ, (j − 1)/(j + 2))) (θ − θ̄). Because of βⁿ in place of β, the average
    reaches back over the same number of iterations.

    of     the network whose θ is averaged
    beta   β in (0, 1): θ̄ is the average of about the last 1/(1 − β) iterates
    every  n; until iteration n, θ̄ equals θ
    net    a network of the same layers whose θ is θ̄
    Raises NumpyganError if `of` is not an MLP, or if β or n lies outside its range.
    """

    def __init__(self, of: MLP, beta: float, every: int = 1):
        if not isinstance(of, MLP):
            raise NumpyganError(
                f"Average: expected the MLP whose θ is averaged, got {type(of).__name__}."
            )
        self._of, self._beta = of, number("Average: beta", beta, "(0, 1)")
        self._every = whole("Average: every", every)
        self.net = of.copy()
        self._update = kernel(average_update, of.xp)
        self._lanes = lanes(of.xp, self.net.theta, of.theta)

    def update(self, t: int) -> None:
        """Take in θ as it is after iteration t = 1, 2, …"""
        j, between = divmod(whole("Average: t", t), self._every)
        if between and j:
            return
        share = 1 - min(self._beta**self._every, (j - 1) / (j + 2)) if j else 1.0
        at_once(self._update, self._lanes, share)
        self.net.version += 1


def average_update(xp, mean, new, step, share):
    """mean ← mean + share (new − mean)  of arrays (n,); `step` (n,) is scratch memory."""
    xp.subtract(new, mean, out=step)
    step *= share
    mean += step
