"""The checks of lesson 3."""

import numpy as np

import numpygan as ng

from .judging import Wrong, expect

_LOST = "it is as before: `theta = theta + …` makes a new array; write `theta += …`"


def check_views(f):
    theta = np.arange(11.0)
    found = f(theta, [(2, 3), (3,), (1, 2)])
    if not isinstance(found, (list, tuple)) or len(found) != 3:
        raise Wrong("views should return a list with an array for each shape")
    for name, array, expected in zip(
        ("the first view", "the second view", "the third view"),
        found,
        (np.arange(6.0).reshape(2, 3), np.arange(6.0, 9.0), np.array([[9.0, 10.0]])),
    ):
        first = np.arange(float(expected.size)).reshape(expected.shape)
        shifted = [(first, "every view begins at 0; each begins where the last one ends")]
        if name == "the first view":
            shifted = [(np.arange(6.0).reshape(3, 2).T, "the entries go along rows, not columns")]
        expect(name, array, expected, shifted)
    for view in found:
        view[...] = -1
    if not (theta[:11] == [*9 * [-1], -1, -1]).all():
        raise Wrong("these are copies: what is written into them does not reach theta")


def check_backward(f):
    x, gy = np.random.default_rng(0).normal(size=(2, 5, 3))
    net, tape = _network(x)
    net.backward(gy, tape)
    right, right_x = net.grad.copy(), tape.gx.copy()
    net, tape = _network(x)
    net.grad[...] = 7.0
    tape.gx[...] = 7.0
    before = net.theta.copy()
    try:
        gx = f(net, gy, tape)
    except TypeError as error:
        if "dtype('O')" in str(error):  # None was sent on
            raise Wrong(
                "layer.backward_params and layer.backward return nothing: they write gW, gb and "
                "t.gx"
            ) from None
        raise
    if not np.array_equal(net.theta, before):
        raise Wrong("it changes θ; backward only writes the gradient")
    if (net.grad == 7).all():
        raise Wrong("net.grad is as before: call layer.backward_params(t.gy, t) for every layer")
    if np.array_equal(net.grad[-3:], np.zeros(3)):
        raise Wrong("the last layer gets no gradient: begin with `tape.gy[...] = gy`")
    if (net.grad == 7).any():
        raise Wrong("some layers' gradients are not written: go over all layers")
    if (tape.gx == 7).all():
        raise Wrong("tape.gx is as before: call layer.backward(t.gy, t) for the first layer, too")
    order = "do the layers come from the last to the first?"
    rows = slice(0, 12)
    if not np.allclose(net.grad[rows], right[rows]) and np.allclose(net.grad[-3:], right[-3:]):
        raise Wrong(f"the gradient is right at the last layer and wrong below; {order}")
    expect("net.grad", net.grad, right)
    expect("the returned gx", gx, right_x, [(gy, "this is gy; return tape.gx")])


def _network(x):
    net = ng.MLP([ng.Affine(3, 4), ng.Tanh(), ng.Affine(4, 3)], "float64")
    net.initialize(ng.Stream(0))
    tape = net.tape(5)
    net.forward(x, tape)
    return net, tape


def check_momentum_step(f):
    rate, mu = 0.1, 0.7  # μ and 1 − μ are different
    theta, v, gs = _start()
    g = gs[0]
    right_v = mu * v - rate * g
    right_theta = theta + right_v
    wrong = [
        (theta.copy(), _LOST),
        (theta - right_v, "the sign of v is turned: θ ← θ + v"),
        (theta + mu * v + rate * g, "it climbs: v ← μ v − η g, with a minus"),
        (theta - mu * v - rate * g, "the sign is turned: v ← μ v − η g, then θ ← θ + v"),
        (theta + v - rate * g, "the factor μ is missing: v ← μ v − η g"),
        (theta + mu * v - g, "the learning rate is missing: v ← μ v − η g"),
        (
            theta - rate * (mu * v + g),
            "there is no learning rate in v here: v ← μ v − η g, θ ← θ + v",
        ),
        (theta + v, "θ moves by the old v: v comes first, then θ"),
        (theta - rate * g, "there is no momentum: θ ← θ + v"),
        (theta + mu * (v - rate * g), "μ multiplies the old v alone: v ← μ v − η g"),
        (theta + mu * v - (1 - mu) * rate * g, "there is no factor 1 − μ in this momentum"),
        (theta + rate * right_v, "the learning rate is applied twice"),
        (theta + mu * right_v - rate * g, "this is Nesterov's momentum: θ ← θ + v"),
    ]
    kept = g.copy()
    f(theta, v, g, rate, mu)
    _same_g(g, kept)
    expect("theta after one step", theta, right_theta, wrong)
    expect("v after one step", v, right_v, [(_start()[1], _LOST.replace("theta", "v"))])


def _start():
    rng = np.random.default_rng(0)
    return rng.normal(size=4), rng.normal(size=4), rng.normal(size=(3, 4))


def _same_g(g, kept):
    if not np.array_equal(g, kept):
        raise Wrong("it changes g; an optimizer only reads the gradient")


def _unbiased(m, v, t, beta1, beta2):
    return m / (1 - beta1**t), v / (1 - beta2**t)


def _adam(theta, gs, unbias=_unbiased, root=False, late=False, plain=False, epsilon=1e-3):
    """θ, m and v after the steps of Adam, right or with one mistake."""
    rate, beta1, beta2 = 0.01, 0.8, 0.99
    theta, m, v = theta.copy(), np.zeros(4), np.zeros(4)
    for t, g in enumerate(gs, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = unbias(m, v, t, beta1, beta2)
        below = np.sqrt(v_hat + epsilon) if root else np.sqrt(v_hat) + epsilon
        theta -= rate * (g if plain else m_hat) / (v_hat + epsilon if late else below)
    return theta, m, v


_NOT_UNBIASED = (
    (lambda m, v, t, beta1, beta2: (m, v), "the means are not divided by 1 − βᵗ"),
    (
        lambda m, v, t, *betas: _unbiased(m, v, 1, *betas),
        "the power t is missing: the means are divided by 1 − βᵗ",
    ),
    (
        lambda m, v, t, *betas: _unbiased(m, v, t + 1, *betas),
        "the power is t, which begins at 1, not t + 1",
    ),
    (
        lambda m, v, t, beta1, beta2: (m / (1 - beta1 * t), v / (1 - beta2 * t)),
        "β has the power t, not t times β: 1 − βᵗ",
    ),
    (lambda m, v, t, *betas: _unbiased(m, v, t - 1, *betas), "the power is t, not t − 1"),
    (
        lambda m, v, t, *betas: (_unbiased(m, v, t, *betas)[0], _unbiased(m, v, 1, *betas)[1]),
        "v̂ is not v / (1 − β₂ᵗ); m̂ is right",
    ),
    (
        lambda m, v, t, *betas: (_unbiased(m, v, 1, *betas)[0], _unbiased(m, v, t, *betas)[1]),
        "m̂ is not m / (1 − β₁ᵗ); v̂ is right",
    ),
)


def check_adam_step(f):
    start, _, gs = _start()
    theta, m, v = start.copy(), np.zeros(4), np.zeros(4)
    for t, g in enumerate(gs, 1):
        kept = g.copy()
        f(theta, m, v, g, t, 0.01, 0.8, 0.99, 1e-3)
        _same_g(g, kept)
    right, right_m, right_v = _adam(start, gs)
    if not m.any():
        raise Wrong("m is still 0: `m = …` makes a new array; write `m *= beta1; m += …`")
    if not v.any():
        raise Wrong("v is still 0: `v = …` makes a new array; write `v *= beta2; v += …`")
    if (v < 0).any():
        raise Wrong("v is negative: it is the running mean of g², not of g")
    for name, found, expected, given, beta, other in (
        ("m", m, right_m, gs, 0.8, 0.99),
        ("v", v, right_v, gs**2, 0.99, 0.8),
    ):
        expect(
            f"{name} after three steps",
            found,
            expected,
            [
                (_mean(given, beta, 1), "the factor 1 − β is missing"),
                (_mean(given, 1, 1 - beta), "the factor β is missing: the old mean counts β times"),
                (_mean(given, other, 1 - other), "β₁ and β₂ are exchanged"),
                (
                    _mean(given, beta, 1 - beta, True),
                    f"{name} itself is divided by 1 − βᵗ; only {name}̂ is, in a new array",
                ),
            ],
        )
    mistakes = [
        (start, _LOST),
        (2 * start - right, "it climbs: θ ← θ − η …"),
        (_adam(start, gs, root=True)[0], "ε stands inside the root; it belongs after it: √v̂ + ε"),
        (_adam(start, gs, late=True)[0], "the root of v̂ is missing"),
        (_adam(start, gs, plain=True)[0], "θ moves along g; it moves along m̂"),
        (_adam(start, gs, epsilon=0)[0], "ε is missing: √v̂ + ε"),
        (start + (right - start) / 10, "the learning rate is not used"),
    ]
    mistakes += [(_adam(start, gs, unbias)[0], why) for unbias, why in _NOT_UNBIASED]
    expect("theta after three steps", theta, right, mistakes)


def _mean(given, beta, share, divided=False):
    """The running mean: what is old counts `beta`, what is new `share`."""
    mean = np.zeros(4)
    for t, new in enumerate(given, 1):
        mean = beta * mean + share * new
        mean = mean / (1 - beta**t) if divided else mean
    return mean
