"""The contract of Algorithm 1, by an event log of a real run: who is drawn, who moves, in which
order, along which gradient.

G and D are computed a second time here, by plain functions of θ, and differentiated by the complex
step: no code is shared with the package but the masks that it drew.
"""

import numpy

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import assert_near, complex_step

M, N_Z, N_X = 5, 2, 3
ITERATIONS = 3
ETA_D, ETA_G = 0.5, 0.25  # large: a step taken at the wrong θ shows


def sigmoid(a):
    return 1 / (1 + numpy.exp(-a))


def generator(theta, z):
    """z (m, 2) -> ReLU 4 -> sigmoid 3."""
    W1, b1, W2, b2 = theta[:8].reshape(2, 4), theta[8:12], theta[12:24].reshape(4, 3), theta[24:27]
    u = z @ W1 + b1
    return sigmoid(numpy.where(u.real > 0, u, 0) @ W2 + b2)


def discriminator(theta, x, masks):
    """x (m, 3) -> dropout -> maxout 4 units × 2 pieces -> dropout -> D(x) (m,)."""
    W1, b1, W2, b2 = theta[:24].reshape(3, 8), theta[24:32], theta[32:36], theta[36]
    u = (x * masks[0]) @ W1 + b1
    u0, u1 = u[:, :4], u[:, 4:]
    return sigmoid((numpy.where(u1.real > u0.real, u1, u0) * masks[1]) @ W2 + b2)


def value(theta_g, theta_d, x, z, masks):
    """(1/m) Σ [log D(x) + log(1 − D(G(z)))]; the masks are those of the m real rows, then of the m
    generated ones.
    """
    real, fake = ([mask[rows] for mask in masks] for rows in (slice(0, M), slice(M, None)))
    d_real, d_fake = (
        discriminator(theta_d, x, real),
        discriminator(theta_d, generator(theta_g, z), fake),
    )
    return (numpy.log(d_real) + numpy.log(1 - d_fake)).sum() / M


def g_loss(kind, theta_g, theta_d, z, masks):
    d = discriminator(theta_d, generator(theta_g, z), masks)
    losses = {
        "saturating": numpy.log(1 - d),
        "non_saturating": -numpy.log(d),
        "maximum_likelihood": -0.5 * d / (1 - d),
    }
    return losses[kind].sum() / M


class Player(ng.MLP):
    """A network that notes the masks of every pass it goes back through."""

    def backward(self, gy, tape, params=True, inputs=True):
        self.masks = [
            t.mask.copy()
            for layer, t in zip(self.layers, tape.layers)
            if isinstance(layer, ng.Dropout)
        ]
        if params:
            self.masks_of_grad = self.masks
        return super().backward(gy, tape, params, inputs)


class Source:
    """p_data or p_z: normal draws, noted."""

    def __init__(self, name, seed, events):
        self.name, self.stream, self.events = name, Stream(seed), events

    def minibatch(self, out):
        self.stream.normal(out)
        self.events.append((self.name, out.copy()))


class Recorded:
    """An optimizer whose moves are noted, with both θ before and after."""

    def __init__(self, rule, name, nets, events):
        self.rule, self.name, self.nets, self.events = rule, name, nets, events

    def note(self, direction, move):
        before = {name: net.theta.copy() for name, net in self.nets.items()}
        move()
        after = {name: net.theta.copy() for name, net in self.nets.items()}
        masks = self.nets["D"].masks_of_grad if self.name == "D" else self.nets["D"].masks
        self.events.append((self.name, (direction, before, after, masks)))

    def ascend(self):
        self.note("ascend", self.rule.ascend)

    def descend(self):
        self.note("descend", self.rule.descend)


def players():
    """G and D as the functions above compute them."""
    G = ng.MLP([ng.Affine(N_Z, 4), ng.ReLU(), ng.Affine(4, N_X), ng.Sigmoid()], dtype="float64")
    D = Player(
        [ng.Dropout(0.8), ng.Affine(N_X, 8), ng.Maxout(2), ng.Dropout(0.5), ng.Affine(4, 1)],
        dtype="float64",
    )
    for seed, net in enumerate((G, D)):
        net.theta = numpy.random.default_rng(seed).standard_normal(net.theta.size)
    return G, D


def play(algorithm, rule=ng.Momentum, momentum=0.0, **settings):
    """ITERATIONS of `algorithm`: the start θ and, for each iteration, its events [(name, what)] and
    the scores it reports.
    """
    nets, events = dict(zip("GD", players())), []
    start = {name: net.theta.copy() for name, net in nets.items()}
    rates = {"G": ETA_G, "D": ETA_D}
    rules = [
        Recorded(rule(net, rates[name], momentum=momentum), name, nets, events)
        for name, net in nets.items()
    ]
    sources = Source("x", 10, events), Source("z", 11, events)
    games = algorithm(*nets.values(), *sources, *rules, Stream(12), m=M, **settings)
    history = []
    for _ in range(ITERATIONS):
        game = next(games)
        history.append((events.copy(), game.scores()))
        events.clear()
    return start, history


def all_of(history, name):
    return [what for events, _ in history for kind, what in events if kind == name]


def check_contract(
    algorithm=ng.algorithm1, rule=ng.Momentum, k=2, loss="non_saturating", momentum=0.5
):
    """Raise AssertionError, saying where, at the first thing in a run of `algorithm` that isn't
    Algorithm 1 with momentum.
    """
    theta, history = play(algorithm, rule, momentum, k=k, loss=loss)
    velocity, seen, drawn = {"G": 0.0, "D": 0.0}, set(), {}
    for iteration, (events, _) in enumerate(history, 1):
        names = [name for name, _ in events]
        expected = ["z", "x", "D"] * k + ["z", "G"]
        assert names == expected, (
            f"iteration {iteration}: {' '.join(names)}, expected {' '.join(expected)}"
        )
        for name, what in events:
            where = f"iteration {iteration}, {name}"
            if name in "zx":
                assert what.shape == (M, {"z": N_Z, "x": N_X}[name]), (
                    f"{where}: not a whole minibatch, {what.shape}"
                )
                assert what.tobytes() not in seen, f"{where}: this minibatch was drawn before"
                seen.add(what.tobytes())
                drawn[name] = what
            else:
                check_move(where, name, what, theta, drawn, velocity, momentum, loss, seen)
                theta = what[2]


def check_move(where, name, what, theta, drawn, velocity, momentum, loss, seen):
    direction, before, after, masks = what
    other = {"G": "D", "D": "G"}[name]
    assert direction == {"G": "descend", "D": "ascend"}[name], f"{where}: it {direction}s"
    for net in "GD":
        assert before[net].tobytes() == theta[net].tobytes(), (
            f"{where}: θ of {net} has moved since the last update"
        )
    assert after[other].tobytes() == before[other].tobytes(), (
        f"{where}: the update moves θ of {other}"
    )
    assert [len(mask) for mask in masks] == [2 * M if name == "D" else M] * 2, (
        f"{where}: not its own dropout masks"
    )
    for rows in (slice(0, M), slice(M, None)) if name == "D" else (slice(0, M),):
        part = b"".join(mask[rows].tobytes() for mask in masks)
        assert part not in seen, f"{where}: these dropout masks were used before"
        seen.add(part)

    def objective(t):
        if name == "D":
            return ETA_D * value(before["G"], t, drawn["x"], drawn["z"], masks)
        return -ETA_G * g_loss(loss, t, before["D"], drawn["z"], masks)

    velocity[name] = momentum * velocity[name] + complex_step(objective, before[name])
    try:
        assert_near(after[name] - before[name], velocity[name], 1e-12)
    except AssertionError as error:
        raise AssertionError(
            f"{where}: the update is not v ← μ v ± η ∇, θ ← θ + v: {error}"
        ) from None
