"""Algorithm 1 of the paper: minibatch stochastic gradient training of a GAN."""

from collections.abc import Iterator

from ..arrays import Stream
from ..data.sources import Source
from ..nn.mlp import MLP
from ..nn.optimizers import Optimizer
from ..numbers import whole
from ..older_names import older_names
from .game import Game
from .inputs import checked_sources
from .objective import g_loss, value_slopes


@older_names(rule_g="optimizer_g", rule_d="optimizer_d", dropout="mask_stream")
def algorithm1(
    G: MLP,
    D: MLP,
    p_data: Source,
    p_z: Source,
    optimizer_g: Optimizer,
    optimizer_d: Optimizer,
    mask_stream: Stream | None,
    m: int = 100,
    k: int = 1,
    loss: str = "non_saturating",
) -> Iterator[Game]:
    """Algorithm 1 (paper, §3): a generator that yields the Game after each iteration.

        for number of training iterations:
            for k steps:
                sample minibatches of m noise samples z from p_z and m examples x from p_data
                ascend θ_d along  ∇_θd (1/m) Σ [log D(x) + log(1 − D(G(z)))]
            sample a fresh minibatch of m noise samples
            descend θ_g along  ∇_θg of the generator's loss

    G, D           MLPs; D ends at its logit
    p_data, p_z    have `minibatch(out)`, which fills the rows of `out` (m, d) and (m, n_z) with
                   fresh draws
    optimizer_g    moves G, such as Momentum(G)
    optimizer_d    moves D, such as Adam(D)
    mask_stream    the random stream that D's dropout masks are drawn from
    m, k           the rows of a minibatch; the steps of D in an iteration
    loss           "saturating": (1/m) Σ log(1 − D(G(z))), as Algorithm 1 prints it;
                   "non_saturating": −(1/m) Σ log D(G(z)), which the paper recommends early in
                   learning; "maximum_likelihood": −(1/m) Σ ½ exp(σ⁻¹(D(G(z))))
    Raises NumpyganError in the first iteration if an argument is invalid: the loss is unknown, G's
    rows or the data don't fit D, the networks differ in dtype or array module, an optimizer moves
    another network, or, on a CPU, a source does not fill `out`. Raises it later if a source ends.
    Raises TypeError if G or D is not an MLP.

    >>> named = ng.streams(0)
    >>> G = ng.MLP([ng.Affine(1, 8), ng.ReLU(), ng.Affine(8, 1)])
    >>> D = ng.MLP([ng.Affine(1, 8), ng.ReLU(), ng.Affine(8, 1)])
    >>> G.initialize(named["init"]); D.initialize(named["init"])
    >>> p_data = ng.Shuffled(numpy.linspace(-1, 1, 500, dtype="float32")[:, None], named["data"])
    >>> p_z = ng.Noise("uniform", named["noise"])
    >>> game = ng.algorithm1(G, D, p_data, p_z, ng.Adam(G), ng.Adam(D), named["dropout"], m=50)
    >>> for iteration in range(100):
    ...     state = next(game)
    >>> state
    Game of 50 rows: V = -1..., D(x) = 0..., D(G(z)) = 0...
    """
    k = whole("algorithm1: k", k)
    p_data, p_z = checked_sources(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream)
    xp, loss_slope = G.xp, g_loss(loss).slope
    game = Game(G, D, m)
    pass_g, pass_d, pass_dg = game.pass_g, game.pass_d, game.pass_dg
    real, fake = game.real, game.fake
    while True:
        for _ in range(k):
            p_z.minibatch(pass_g.x)
            p_data.minibatch(real.x)
            fake.x[...] = G.forward(pass_g.x, pass_g)
            D.draw_masks(pass_d, mask_stream)
            D.forward(pass_d.x, pass_d)  # both halves in one pass
            value_slopes(xp, real.y, fake.y, out_real=real.gy, out_fake=fake.gy)
            D.backward(pass_d.gy, pass_d, inputs=False)
            optimizer_d.ascend()

        p_z.minibatch(pass_g.x)
        pass_dg.x[...] = G.forward(pass_g.x, pass_g)
        D.draw_masks(pass_dg, mask_stream)
        D.forward(pass_dg.x, pass_dg)  # the updated D
        loss_slope(xp, pass_dg.y, out=pass_dg.gy)
        gy = D.backward(pass_dg.gy, pass_dg, params=False)  # θ_d is frozen
        G.backward(gy, pass_g, inputs=False)
        optimizer_g.descend()
        yield game
