"""The step in thinc, as a good user would write it: its layers and their `backprop`, the slope of
the loss by hand, as thinc has none for a GAN. Dropout masks, leaky ReLU and tanh are layers of a
few lines, because thinc draws its own masks and lacks the other two. The backward pass through a
frozen D also computes D's gradient, which thinc cannot leave out; it is thrown away.
"""

import numpy
from by_numpy import ByNumPy
from thinc.api import Linear, Maxout, Model, Relu, chain
from thinc.layers.sigmoid_activation import sigmoid_activation


def masked():
    """Dropout whose mask is drawn elsewhere: model.attrs["mask"]."""

    def forward(model, x, is_train):
        mask = model.attrs["mask"]
        return x * mask, lambda dy: dy * mask

    return Model("masked", forward, attrs={"mask": None})


def tanh():
    def forward(model, x, is_train):
        y = numpy.tanh(x)
        return y, lambda dy: dy * (1 - y * y)

    return Model("tanh", forward)


def leaky_relu(slope):
    def forward(model, x, is_train):
        slopes = numpy.where(x > 0, x.dtype.type(1), x.dtype.type(slope))
        return x * slopes, lambda dy: dy * slopes

    return Model("leaky_relu", forward)


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


OTHERS = {"tanh": tanh, "leaky_relu": leaky_relu, "sigmoid": sigmoid_activation, "dropout": masked}


def layer(kind, number, shape):
    """A layer with parameters, made of an affine one of `shape` and the nonlinearity after it."""
    n_in, n_out = shape
    if kind == "maxout":
        return Maxout(n_out // number, n_in, number)
    return (Relu if kind == "relu" else Linear)(n_out, n_in)


def to_thinc(p, pieces):
    """W (n_in, pieces·n) or b (pieces·n,) as thinc's W (n, pieces, n_in) or b (n, pieces)."""
    p = p.T.reshape(pieces, -1, *p.T.shape[1:]).swapaxes(0, 1)
    return numpy.ascontiguousarray(p if pieces > 1 else p[:, 0])


def from_thinc(p, pieces):
    p = p if pieces > 1 else p[:, None]
    return p.swapaxes(0, 1).reshape(-1, *p.shape[2:]).T


class Network:
    """A chain of thinc's layers for a `plan`; those with parameters are in `own`."""

    def __init__(self, layers):
        self.plan, follows = layers, [*layers[1:], ("", None)]
        self.joined = [next_one for (kind, _), next_one in zip(layers, follows) if kind == "affine"]
        self.pieces = [number if kind == "maxout" else 1 for kind, number in self.joined]

    def take(self, theta):
        """Make the layers, whose parameters are the arrays `theta`, W, b, W, b, …, in place."""
        shapes = [(p.shape[-1], p.size // p.shape[-1]) for p in theta[::2]]
        self.own = [layer(*joined, shape) for joined, shape in zip(self.joined, shapes)]
        for one, W, b in zip(self.own, theta[::2], theta[1::2]):
            one.set_param("W", W)
            one.set_param("b", b)
        own, layers = iter(self.own), []
        for kind, number in self.plan:
            if kind == "affine":
                layers.append(next(own))
            elif kind not in ("relu", "maxout"):  # those are in the layer before
                layers.append(OTHERS[kind](*[number] * (number is not None)))
        self.masked = [one for one in layers if one.name == "masked"]
        self.model = chain(*layers) if len(layers) > 1 else layers[0]

    def __call__(self, x, masks=()):
        """y and the function that takes ∂L/∂y, adds up the gradients and returns ∂L/∂x."""
        for one, mask in zip(self.masked, masks):
            one.attrs["mask"] = mask
        return self.model(x, is_train=True)

    def clear(self):
        for one in self.own:
            for name in ("W", "b"):
                if one.has_grad(name):
                    one.get_grad(name)[...] = 0

    def gradient(self):
        return [one.get_grad(name) for one in self.own for name in ("W", "b")]


class Eager(ByNumPy):
    def build(self, plan_g, plan_d):
        self.G, self.D = Network(plan_g), Network(plan_d)

    def load(self, theta_g, theta_d):
        converted = lambda net, theta: [
            to_thinc(p, net.pieces[i // 2]) for i, p in enumerate(theta)
        ]
        super().load(converted(self.G, theta_g), converted(self.D, theta_d))
        self.G.take(self.theta_g)
        self.D.take(self.theta_d)

    def samples(self, theta_g, z):
        return self.G.model.predict(z)

    def d_slopes(self, theta_d, x, masks):
        self.D.clear()
        logits, backprop = self.D(x, masks)
        gy, m = sigmoid(logits), self.recipe.batch
        gy[:m] -= 1
        backprop(gy / m)
        return self.D.gradient()

    def g_slopes(self, theta_g, theta_d, z, masks):
        self.G.clear()
        samples, backprop_g = self.G(z)
        logits, backprop_d = self.D(samples, masks)
        gy = sigmoid(logits)
        gy = -gy if self.recipe.loss == "saturating" else gy - 1
        backprop_g(backprop_d(gy / len(gy)))
        return self.G.gradient()

    def moved(self):
        """θ_g, θ_d and, where there is one, the average of θ_g, each as W, b, W, b, …"""
        nets = self.G, self.D, self.G
        return [
            [from_thinc(p, net.pieces[i // 2]) for i, p in enumerate(theta)]
            for net, theta in zip(nets, super().moved())
        ]
