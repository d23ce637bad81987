"""The checks of lesson 2."""

import numpy as np

import numpygan as ng

from ..nn.tape import run_backward, run_forward
from .judging import Wrong, expect, layer_backward, layer_forward, unchanged


def check_relu_backward(f):
    x = np.array([[-2.0, 0.0, 3.0], [1.0, -1.0, 0.5]])
    gy = np.array([[5.0, 7.0, -11.0], [13.0, -17.0, 19.0]])
    gx = unchanged(lambda: f(x, gy), x=x, gy=gy)
    expect(
        "gx",
        gx,
        gy * (x > 0),
        [
            (gy * (gy > 0), "the mask comes from the sign of gy; it must come from x"),
            (gy * (x >= 0), "at x = 0 the derivative is agreed to be 0: x > 0, not x ≥ 0"),
            (np.maximum(gy, 0) * (x > 0), "gy is cut off at 0, too; a gradient may be negative"),
            (np.maximum(x, 0), "this is y, the forward pass; gx is made of gy"),
            (1.0 * (x > 0), "this is the mask alone; multiply it by gy"),
            (gy, "gy goes through everywhere; where x ≤ 0 nothing may pass"),
            (gy * (x < 0), "the mask is turned: it lets through where x < 0"),
            (gy * np.sign(x), "where x < 0 the derivative is 0, not −1"),
            (gy * np.maximum(x, 0), "it multiplies by y; the derivative is 1 where x > 0, not x"),
        ],
    )


def check_MySigmoid(kind):
    x = np.random.default_rng(0).normal(size=(4, 3))
    y = 1 / (1 + np.exp(-x))
    layer_forward(kind(), x, y, [(1 / (1 + np.exp(x)), "the sign in the exponent is turned")])
    gy, t = _pass(kind(), x)
    expect(
        "t.gx",
        t.gx,
        gy * y * (1 - y),
        [
            (gy * x * (1 - x), "σ′ is y(1 − y); this is x(1 − x)"),
            (y * (1 - y), "this is σ′ alone; multiply it by gy"),
            (gy * (1 - y), "σ′ is y(1 − y); the factor y is missing"),
            (gy * (1 - y * y), "1 − y² is the slope of tanh; the slope of σ is y(1 − y)"),
            (gy * y * (1 - y) + _FULL, "it adds to what was in the array; write `=`, not `+=`"),
            (np.full_like(gy, _FULL), "nothing arrives in it; write into it: `t.gx[...] = …`"),
        ],
    )
    layer_backward([ng.Affine(3, 4), kind(), ng.Affine(4, 2)])


_FULL = 7.0  # what is in t.gx before: memory of an earlier pass


def _pass(layer, x):
    """A pass there and back of a layer alone: the upstream gradient and the layer's tape."""
    net = ng.MLP([ng.Affine(x.shape[1], x.shape[1]), layer], "float64")
    tape = net.tape(len(x))
    t = tape.layers[1]
    t.x[...] = x
    gy = np.random.default_rng(1).normal(size=t.y.shape)
    run_forward(layer, t)
    t.gy = gy
    t.gx[...] = _FULL
    run_backward(layer, t)
    return gy, t


def check_MyMaxout(kind):
    x = np.array([[3.0, 5.0, 3.0, 4.0], [1.0, 2.0, 6.0, 7.0]])
    layer_forward(kind(), x, np.maximum(x[:, :2], x[:, 2:]))
    gy, t = _pass(kind(), x)
    first = x[:, :2] >= x[:, 2:]
    right = np.hstack([gy * first, gy * ~first])
    tie = right.copy()
    tie[0, 2] = gy[0, 0]
    last = tie.copy()
    last[0, 0] = 0
    strict = right.copy()
    strict[0, 0] = 0
    expect(
        "t.gx",
        t.gx,
        right,
        [
            (np.full_like(right, _FULL), "nothing is written into it"),
            (np.where(right == 0, _FULL, right), "the loser's gradient is not written; it is 0"),
            (right + _FULL, "it adds to what was in the array; write `=`, not `+=`"),
            (np.hstack([gy * first, 0 * gy + _FULL]), "the second piece's half is not written"),
            (strict, "at a tie nobody gets the gradient; the first piece wins"),
            (np.hstack([gy, gy]) / 2, "the gradient is halved; all of it goes to the winner"),
            (right * x, "it multiplies by x; the derivative of the winner is 1"),
            (tie, "at a tie both pieces get the gradient; the first one wins, alone"),
            (last, "at a tie the last piece gets the gradient; the first one wins"),
            (np.hstack([gy, gy]), "both pieces get the gradient; only the larger one may"),
            (np.hstack([gy * ~first, gy * first]), "the gradient goes to the loser"),
            (np.hstack([1.0 * first, 1.0 * ~first]), "this is the mask alone; multiply it by gy"),
        ],
    )
    layer_backward([ng.Affine(3, 6), kind(), ng.Affine(3, 2)])


def check_dropout_mask(f):
    u, keep = np.array([[0.1, 0.79, 0.81], [0.95, 0.5, 0.0]]), 0.8
    r = unchanged(lambda: f(u, keep), uniform=u)
    kept = u < keep
    expect(
        "r",
        r,
        kept / keep,
        [
            (1.0 * kept, "its mean is keep, not 1: divide by keep"),
            (kept * keep, "it multiplies by keep; to get a mean of 1, divide by keep"),
            ((u < 1 - keep) / keep, "keep is the probability to keep a number, not to drop it"),
            (
                (u < 1 - keep) / (1 - keep),
                "keep is the probability to keep a number, not to drop it",
            ),
            (
                (u > keep) / keep,
                "it keeps where the uniform number is above keep; keep those below",
            ),
            ((u > keep) / (1 - keep), "keep is the probability to keep a number, not to drop it"),
            (kept / (1 - keep), "divide by the probability to keep, not to drop"),
        ],
    )
    if np.all(np.asarray(f(np.array([[0.0, 0.99]]), 1.0)) == 1):
        return
    raise Wrong("at keep = 1 everything is kept, so r must be 1 everywhere")
