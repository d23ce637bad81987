"""Classic bugs of backward passes, put in on purpose: gradcheck must call each wrong, and name the
layer.
"""

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from tests.helpers.numeric import Scale


def broken(base, **methods):
    """`base` with some methods overridden."""
    return type(f"Broken{base.__name__}", (base,), methods)


def backward(formula):
    """A backward that writes formula(layer, gy, t) to t.gx."""

    def write(self, gy, t):
        t.gx[...] = formula(self, gy, t)

    return write


def params(W=lambda gy, t: t.x.T @ gy, b=lambda gy, t: gy.sum(axis=0)):
    """A backward_params of an Affine that writes these."""

    def write(self, gy, t):
        self.gW[...] = W(gy, t)
        self.gb[...] = b(gy, t)

    return write


def accumulate(self, gy, t):
    self.gW += t.x.T @ gy
    self.gb += gy.sum(axis=0)


def update_then_go_back(self, gy, t):
    ng.Affine.backward_params(self, gy, t)
    self.W -= 0.1 * self.gW


def redraw(self, gy, t):
    Stream(5).keep(t.mask, self.keep)
    t.gx[...] = gy * t.mask


def redraw_forward(self, x, t):
    self.draw_mask(t, self.__dict__.setdefault("stream", Stream(5)))
    ng.Dropout.forward(self, x, t)


def cached_forward(self, x, t):
    ng.ReLU.forward(self, x, t)
    self.cache = t.mask.copy()


def push(self, x, t):
    numpy.tanh(x, out=t.y)
    self.__dict__.setdefault("passes", []).append(t.y.copy())


def inplace_relu(self, x, t):
    ng.ReLU.forward(self, x, t)
    x[...] = t.y


def scale_gy(self, gy, t):
    gy *= 1 - t.y * t.y
    t.gx[...] = gy


def to_last(self, gy, t):
    t.gx[...] = 0
    t.gx.reshape(t.won.shape)[:, -1] = gy


def normalise(self, x, t):
    # Std of complex numbers is real, so the complex step can't see it
    t.y[...] = (x - x.mean(axis=0)) / x.std(axis=0)


def affine(**methods):
    return lambda: [ng.Affine(3, 4), broken(ng.Affine, **methods)(4, 4), ng.Tanh(), ng.Affine(4, 2)]


def activation(base, *arguments, n=6, **methods):
    return lambda: [ng.Affine(3, 4), broken(base, **methods)(*arguments), ng.Affine(n, 2)]


def after(base, *arguments, **methods):
    return activation(base, *arguments, n=4, **methods)


LAYERS = {  # name: a network whose layer 1 is broken
    "gx by W instead of Wᵀ": affine(backward=backward(lambda self, gy, t: gy @ self.W)),
    "gW transposed": affine(backward_params=params(W=lambda gy, t: gy.T @ t.x)),
    "gW averaged over the rows": affine(
        backward_params=params(W=lambda gy, t: t.x.T @ gy / len(gy))
    ),
    "gW from half of the rows": affine(
        backward_params=params(W=lambda gy, t: t.x[::2].T @ gy[::2])
    ),
    "gW from the output": affine(backward_params=params(W=lambda gy, t: t.y.T @ gy)),
    "bias gradient averaged": affine(backward_params=params(b=lambda gy, t: gy.mean(axis=0))),
    "bias gradient from one row": affine(backward_params=params(b=lambda gy, t: gy[0])),
    "bias gradient forgotten": affine(backward_params=params(b=lambda gy, t: 0.0)),
    "parameters' gradients added, not written": affine(backward_params=accumulate),
    "gx by the updated W": affine(backward_params=update_then_go_back),
    "gx ignores gy": after(ng.Tanh, backward=backward(lambda self, gy, t: 1 - t.y**2)),
    "gx added, not written": after(
        ng.Tanh, backward=backward(lambda self, gy, t: t.gx + gy * (1 - t.y**2))
    ),
    "the sign turned": after(ng.Tanh, backward=backward(lambda self, gy, t: -gy * (1 - t.y**2))),
    "tanh′ = 1 − y": after(ng.Tanh, backward=backward(lambda self, gy, t: gy * (1 - t.y))),
    "tanh′ from x": after(ng.Tanh, backward=backward(lambda self, gy, t: gy * (1 - t.x**2))),
    "backward scales gy in place": after(ng.Tanh, backward=scale_gy),
    "σ′ missing": after(ng.Sigmoid, backward=backward(lambda self, gy, t: gy)),
    "σ′ twice": after(
        ng.Sigmoid, backward=backward(lambda self, gy, t: gy * (t.y * (1 - t.y)) ** 2)
    ),
    "σ′ from x": after(ng.Sigmoid, backward=backward(lambda self, gy, t: gy * t.x * (1 - t.x))),
    "relu: no mask": after(ng.ReLU, backward=backward(lambda self, gy, t: gy)),
    "relu: mask from the gradient's sign": after(
        ng.ReLU, backward=backward(lambda self, gy, t: gy * (gy > 0))
    ),
    "relu: mask y ≥ 0": after(ng.ReLU, backward=backward(lambda self, gy, t: gy * (t.y >= 0))),
    "relu: mask of the last pass": after(
        ng.ReLU, forward=cached_forward, backward=backward(lambda self, gy, t: gy * self.cache)
    ),
    "relu in place": after(ng.ReLU, forward=inplace_relu),
    "a stack of passes": after(
        ng.Tanh,
        forward=push,
        backward=backward(lambda self, gy, t: gy * (1 - self.passes.pop() ** 2)),
    ),
    "leaky: slope on the wrong side": after(
        ng.LeakyReLU,
        0.2,
        backward=backward(lambda self, gy, t: gy * numpy.where(t.x > 0, 0.2, 1.0)),
    ),
    "leaky: slope forgotten": after(
        ng.LeakyReLU, 0.2, backward=backward(lambda self, gy, t: gy * (t.x > 0))
    ),
    "maxout: gradient to every piece": activation(
        ng.Maxout, 2, n=2, backward=backward(lambda self, gy, t: numpy.tile(gy, (1, 2)))
    ),
    "maxout: gradient to the loser": activation(
        ng.Maxout,
        2,
        n=2,
        backward=backward(lambda self, gy, t: (gy[:, None] * ~t.won).reshape(t.gx.shape)),
    ),
    "maxout: gradient to the last piece": activation(ng.Maxout, 2, n=2, backward=to_last),
    "maxout: pieces interleaved": activation(
        ng.Maxout,
        2,
        n=2,
        backward=backward(
            lambda self, gy, t: (gy[:, None] * t.won).swapaxes(1, 2).reshape(t.gx.shape)
        ),
    ),
    "dropout: no mask": after(ng.Dropout, 0.5, backward=backward(lambda self, gy, t: gy)),
    "dropout: not scaled": after(
        ng.Dropout, 0.5, backward=backward(lambda self, gy, t: gy * (t.mask > 0))
    ),
    "dropout: mask redrawn in backward": after(ng.Dropout, 0.5, backward=redraw),
    "dropout: mask redrawn in forward": after(ng.Dropout, 0.5, forward=redraw_forward),
    "normalisation: deviation held constant": after(
        ng.Tanh,
        forward=normalise,
        backward=backward(lambda self, gy, t: (gy - gy.mean(axis=0)) / t.x.std(axis=0)),
    ),
    "a parameter's gradient averaged": after(
        Scale, backward_params=lambda self, gy, t: self.gs.fill((gy * t.x).mean())
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gradcheck_names_the_broken_layer(name):
    report = ng.gradcheck(LAYERS[name](), rows=5)
    places = {check.place.split(",")[0] for check in report.failures if check.verdict == "wrong"}
    assert not report.passed and "layer 1" in places, str(report)
    assert places <= {"layer 1", "whole network"}, str(report)


def test_gradcheck_passes_the_originals():
    bases = [
        ng.Tanh(),
        ng.Sigmoid(),
        ng.ReLU(),
        ng.LeakyReLU(0.2),
        ng.Dropout(0.5),
        ng.Affine(4, 4),
        Scale(),
        ng.Maxout(2),
    ]
    for base in bases:
        report = ng.gradcheck(
            [ng.Affine(3, 4), base, ng.Affine(2 if isinstance(base, ng.Maxout) else 4, 2)], rows=5
        )
        assert report.passed, str(report)


TIES = {  # where there is no derivative, the rule in the docstring: the first piece wins, alone
    "maxout: gradient to all at a tie": backward(
        lambda self, gy, t: numpy.tile(gy, (1, 2)) * (t.x == numpy.tile(t.y, (1, 2)))
    ),
    "maxout: gradient to the last at a tie": to_last,
    None: ng.Maxout.backward,
}


@pytest.mark.parametrize("name", TIES)
def test_the_first_piece_wins_a_tie_alone(name):
    net = ng.MLP([ng.Affine(4, 4), broken(ng.Maxout, backward=TIES[name])(2)], "float64")
    net.layers[0].W[...] = numpy.eye(4)
    tape, x = net.tape(1), numpy.array([[3.0, 5.0, 3.0, 5.0]])
    net.forward(x, tape)
    right = net.backward(numpy.array([[7.0, 11.0]]), tape).tolist() == [[7, 11, 0, 0]]
    assert right == (name is None)
    verdicts = {check.verdict for check in ng.gradcheck(net, x).failures}
    assert verdicts == {"at a kink"} if right else verdicts
