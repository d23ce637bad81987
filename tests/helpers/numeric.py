"""The complex step, a layer on its own, and an independent pass through a tape."""

import warnings

import numpy

import numpygan as ng

H = 1e-30  # Im f(x + ih)/h is f'(x) to the last bits: nothing is subtracted

DTYPES = ["float32", "float64", "complex128"]
RTOL = {"float32": 2e-6, "float64": 4e-15, "complex128": 4e-15}


def complex_step(f, x):
    """The gradient of a real function f, written for complex numbers, at the real array x."""
    gradient = numpy.zeros(x.shape)
    for i in numpy.ndindex(x.shape):
        moved = x.astype("complex128")
        moved[i] += 1j * H
        gradient[i] = f(moved).imag / H
    return gradient


def matrix(rows):
    """A numpy.matrix, which NumPy advises against when one is made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return numpy.matrix(rows)


def alone(layer, n, dtype="float64"):
    """A network that is `layer` on rows of width n: an Affine with W = I, b = 0 before it, as a
    network needs one.
    """
    net = ng.MLP([ng.Affine(n, n), layer], dtype=dtype)
    net.layers[0].W[...] = numpy.eye(n)
    return net


def run(net, x, gy, seed=7, training=True):
    """One pass there and back over fresh memory, with dropout masks from `seed`: copies of (y, gx,
    grad).
    """
    tape = net.tape(len(x), training=training)
    if training:
        net.draw_masks(tape, ng.Stream(seed))
    y = net.forward(x, tape).copy()
    gx = net.backward(gy, tape).copy()
    return y, gx, net.grad.copy()


def complex_step_gradients(layers, theta, x, gy, seed=7):
    """∂L/∂θ and ∂L/∂x of L = Σ gy ⊙ f(x; θ) by the complex step, from forward passes alone, over
    fresh `layers`.
    """
    net = ng.MLP(layers, dtype="complex128")

    def loss(theta, x):
        net.theta = theta.astype("complex128")
        tape = net.tape(len(x))
        net.draw_masks(tape, ng.Stream(seed))
        return (gy * net.forward(x.astype("complex128"), tape)).sum()

    return complex_step(lambda t: loss(t, x), theta), complex_step(lambda v: loss(theta, v), x)


def assert_near(actual, expected, tolerance):
    """|actual − expected| ≤ tolerance · max|expected| everywhere."""
    error = numpy.abs(actual - expected).max()
    assert error <= tolerance * numpy.abs(expected).max(), (
        f"error {error}, largest value {numpy.abs(expected).max()}"
    )


class Scale(ng.Layer):
    """y = s x, a layer with one parameter."""

    def shapes(self):
        return {"s": (1,)}

    def forward(self, x, t):
        self.xp.multiply(x, self.s, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, self.s, out=t.gx)

    def backward_params(self, gy, t):
        self.gs[...] = (gy * t.x).sum()
