"""The update of the authors' code (goodfeli/adversarial, 2014). It differs from Algorithm 1."""

from collections.abc import Iterator

from ..arrays import Stream
from ..data.sources import Source
from ..nn.mlp import MLP
from ..nn.optimizers import Optimizer
from ..older_names import older_names
from .game import Game
from .inputs import checked_sources
from .objective import non_saturating_slope, value_slopes


@older_names(rule_g="optimizer_g", rule_d="optimizer_d", dropout="mask_stream")
def authors2014(
    G: MLP,
    D: MLP,
    p_data: Source,
    p_z: Source,
    optimizer_g: Optimizer,
    optimizer_d: Optimizer,
    mask_stream: Stream | None,
    m: int = 100,
) -> Iterator[Game]:
    """The authors' simultaneous update: a generator that yields the Game after each iteration.

    It differs from `algorithm1` in that
    1. D and G move at once, from gradients at the same (θ_d, θ_g): G does not see the updated D;
    2. both gradients come from one minibatch of noise and one draw of dropout masks for the
       generated half, and k is 1;
    3. D ascends ½ V: a learning rate of 0.1 here equals 0.05 on Algorithm 1's gradient;
    4. G descends −log D(G(z)) (non-saturating), never log(1 − D(G(z))); this gradient passes
       through D with its dropout masks.

    It takes the arguments of `algorithm1`, and raises the same errors.

    >>> G, D = ng.MLP([ng.Affine(1, 1)]), ng.MLP([ng.Affine(1, 1)])  # θ = 0: D says ½ to all
    >>> p_data, p_z = ng.Noise("gaussian", ng.Stream(0)), ng.Noise("uniform", ng.Stream(1))
    >>> game = ng.authors2014(G, D, p_data, p_z, ng.Momentum(G), ng.Momentum(D), None, m=50)
    >>> next(game)  # V = −log 4
    Game of 50 rows: V = -1.386, D(x) = 0.5, D(G(z)) = 0.5
    """
    p_data, p_z = checked_sources(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream)
    xp = G.xp
    game = Game(G, D, m, one_pass=True)
    pass_g, pass_d, real, fake = game.pass_g, game.pass_d, game.real, game.fake
    while True:
        p_z.minibatch(pass_g.x)
        p_data.minibatch(real.x)
        fake.x[...] = G.forward(pass_g.x, pass_g)
        D.draw_masks(pass_d, mask_stream)
        D.forward(pass_d.x, pass_d)

        value_slopes(xp, real.y, fake.y, out_real=real.gy, out_fake=fake.gy)
        pass_d.gy *= 0.5
        D.backward(pass_d.gy, pass_d, inputs=False)
        non_saturating_slope(xp, fake.y, out=fake.gy)
        gy = D.backward(fake.gy, fake, params=False)
        G.backward(gy, pass_g, inputs=False)

        optimizer_d.ascend()
        optimizer_g.descend()
        yield game
