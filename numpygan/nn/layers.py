"""The layers: for each its equation, its adjoint equations, and the code of both.

Notation. x (m, n_in) is the minibatch, one example a row; y (m, n_out) the output; gx, gy, gW, gb
stand for ∂L/∂x, ∂L/∂y, ∂L/∂W, ∂L/∂b, where L is the scalar to be differentiated. `⊙` is the
elementwise product, `1` a column of m ones.

To write a layer of your own, see `Layer` in layer.py.
"""

import math

import numpy

from ..arrays import Array, fused, larger, largest_without_ties, matmul, real_part
from ..errors import NumpyganError
from ..numbers import number, whole
from ..requirements import require_stream
from .layer import Layer
from .one_kernel import one_kernel


class Affine(Layer):
    """y = x W + 1 bᵀ

    W (n_in, n_out), b (n_out).
    gW = xᵀ gy        gb = gyᵀ 1        gx = gy Wᵀ

    W is drawn from U(−scale, scale), by default with scale = √(6/(n_in + n_out)) (Glorot and Bengio
    2010, Eq. 16); b starts at `bias`, a number or n_out numbers.

    >>> net = ng.MLP([ng.Affine(2, 1)], "float64")
    >>> net.theta = numpy.array([3.0, 4, 1])  # W, then b
    >>> net.forward(numpy.array([[1.0, 2]]), net.tape(1))
    array([[12.]])
    """

    def __init__(
        self, n_in: int, n_out: int, scale: float | None = None, bias: float | Array = 0.0
    ):
        self.n_in, self.n_out = whole("Affine: n_in", n_in), whole("Affine: n_out", n_out)
        glorot = math.sqrt(6 / (self.n_in + self.n_out))
        self.scale = glorot if scale is None else number("Affine: scale", scale, "[0, inf)")
        self.bias = self._bias(bias)

    def _bias(self, bias):
        """`bias` as an array. Raises NumpyganError unless it is one or n_out finite numbers."""
        if not hasattr(bias, "shape"):  # an array of NumPy or CuPy has one
            try:
                bias = numpy.asarray(bias)
            except ValueError:  # a list of lists of several lengths
                bias = numpy.asarray(None)
        if bias.shape not in ((), (self.n_out,)) or bias.dtype.kind not in "iuf":
            raise NumpyganError(
                f"{self}: bias must be a number or {self.n_out} numbers, "
                f"got shape {bias.shape} of {bias.dtype}."
            )
        if isinstance(bias, (numpy.ndarray, numpy.generic)) and not numpy.isfinite(bias).all():
            raise NumpyganError(f"{self}: bias holds a value that is not finite.")
        return bias

    def width(self, n_in):
        return self.n_out

    def shapes(self):
        return {"W": (self.n_in, self.n_out), "b": (self.n_out,)}

    def initialize(self, stream):
        require_stream("initialize", stream)
        stream.uniform(self.W, -self.scale, self.scale)
        self.b[...] = self.xp.asarray(self.bias)

    def forward(self, x, t):
        matmul(self.xp, x, self.W, out=t.y)  # (m, n_in)·(n_in, n_out) -> (m, n_out)
        self.xp.add(t.y, self.b, out=t.y)

    def backward(self, gy, t):
        matmul(self.xp, gy, self.W.T, out=t.gx)  # (m, n_out)·(n_out, n_in) -> (m, n_in)

    def backward_params(self, gy, t):
        matmul(self.xp, t.x.T, gy, out=self.gW)  # (n_in, m)·(m, n_out) -> (n_in, n_out)
        gy.sum(0, out=self.gb)  # (m, n_out) -> (n_out,)

    def __repr__(self):
        return f"Affine({self.n_in}, {self.n_out})"


class ReLU(Layer):
    """y = max(x, 0)

    mask = [x > 0]        gx = gy ⊙ mask

    At x = 0 the derivative is 0.

    >>> net = ng.MLP([ng.Affine(1, 3), ng.ReLU()], "float64")
    >>> net.theta = numpy.array([-1.0, 0, 2, 0, 0, 0])  # W, the layer's x here; then b
    >>> net.forward(numpy.ones((1, 1)), net.tape(1))
    array([[0., 0., 2.]])
    """

    def memory(self, n_in):
        return {"mask": ((n_in,), "bool")}

    @one_kernel
    def forward(self, x, t):
        self.xp.greater(real_part(self.xp, x), 0, out=t.mask)
        # numpy.maximum of two arrays is more than twice as fast as of an array and a number.
        t.y[...] = 0
        larger(self.xp, x, t.y, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, t.mask, out=t.gx)


class LeakyReLU(Layer):
    """y = x ⊙ slopes,  slopes = 1 where x > 0, else `slope`

    gx = gy ⊙ slopes

    At x = 0 the derivative is `slope`, 0 ≤ slope < 1 (Maas, Hannun and Ng 2013, Eq. 2).

    >>> net = ng.MLP([ng.Affine(1, 3), ng.LeakyReLU(0.5)], "float64")
    >>> net.theta = numpy.array([-1.0, 0, 2, 0, 0, 0])  # W, the layer's x here; then b
    >>> net.forward(numpy.ones((1, 1)), net.tape(1))
    array([[-0.5,  0. ,  2. ]])
    """

    def __init__(self, slope: float = 0.01):
        self.slope = number("LeakyReLU: slope", slope, "[0, 1)")

    def memory(self, n_in):
        return {"slopes": ((n_in,), "float")}

    @one_kernel
    def forward(self, x, t):
        self.xp.greater(real_part(self.xp, x), 0, out=t.slopes)
        t.y[...] = self.slope  # y is free until the last line; clip is slower
        larger(self.xp, t.slopes, real_part(self.xp, t.y), out=t.slopes)
        self.xp.multiply(x, t.slopes, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, t.slopes, out=t.gx)

    def __repr__(self):
        return f"LeakyReLU({self.slope})"


class Sigmoid(Layer):
    """y = σ(x) = 1/(1 + e^−x)

    gx = gy ⊙ y ⊙ (1 − y)

    >>> net = ng.MLP([ng.Affine(1, 3), ng.Sigmoid()], "float64")
    >>> net.theta = numpy.array([-1.0, 0, 2, 0, 0, 0])  # W, the layer's x here; then b
    >>> net.forward(numpy.ones((1, 1)), net.tape(1)).round(3)
    array([[0.269, 0.5  , 0.881]])
    """

    def forward(self, x, t):
        sigmoid(self.xp, x, t.y)

    @one_kernel
    def backward(self, gy, t):
        self.xp.subtract(1, t.y, out=t.gx)
        t.gx *= t.y
        t.gx *= gy


class Tanh(Layer):
    """y = tanh x

    gx = gy ⊙ (1 − y²)

    >>> net = ng.MLP([ng.Affine(1, 3), ng.Tanh()], "float64")
    >>> net.theta = numpy.array([-1.0, 0, 2, 0, 0, 0])  # W, the layer's x here; then b
    >>> net.forward(numpy.ones((1, 1)), net.tape(1)).round(3)
    array([[-0.762,  0.   ,  0.964]])
    """

    def forward(self, x, t):
        self.xp.tanh(x, out=t.y)

    @one_kernel
    def backward(self, gy, t):
        self.xp.multiply(t.y, t.y, out=t.gx)
        self.xp.subtract(1, t.gx, out=t.gx)
        t.gx *= gy


class Maxout(Layer):
    """y_j = max over p of x_pj,  p = 1..pieces

    won_pj = [piece p is the first to reach the maximum of unit j]        gx_pj = gy_j · won_pj

    With the Affine before it this is Goodfellow et al. 2013, Maxout Networks, Eq. 1. x_pj is column
    (p − 1)·n_out + j of x, so each piece is a contiguous block of a row. At a tie only the first of
    the largest pieces wins.

    >>> net = ng.MLP([ng.Affine(1, 4), ng.Maxout(2)], "float64")
    >>> net.theta = numpy.array([1.0, 5, 3, 4, 0, 0, 0, 0])  # W, the layer's x here; then b
    >>> net.forward(numpy.ones((1, 1)), net.tape(1))
    array([[3., 5.]])
    """

    def __init__(self, pieces: int):
        self.pieces = whole("Maxout: pieces", pieces, 2)

    def width(self, n_in):
        if n_in % self.pieces:
            raise NumpyganError(
                f"{self}: the input's width must be a multiple of {self.pieces} pieces, got {n_in}."
            )
        return n_in // self.pieces

    def memory(self, n_in):
        return {"won": ((self.pieces, n_in // self.pieces), "bool")}

    def forward(self, x, t):
        u = x.reshape(t.won.shape)  # (m, pieces·n_out) -> (m, pieces, n_out)
        if not largest_without_ties(self.xp, u, t.y, t.won):
            pieces = range(self.pieces)
            first_largest(self.xp, t.y, *(u[:, p] for p in pieces), *(t.won[:, p] for p in pieces))

    def backward(self, gy, t):
        # (m, 1, n_out) ⊙ (m, pieces, n_out) -> (m, pieces, n_out)
        self.xp.multiply(gy[:, None], t.won, out=t.gx.reshape(t.won.shape))

    def __repr__(self):
        return f"Maxout(pieces={self.pieces})"


class Dropout(Layer):
    """y = x ⊙ mask,  mask = r/keep,  r ~ Bernoulli(keep) for each entry

    gx = gy ⊙ mask

    `MLP.draw_masks` draws the masks into the tape before the pass. Dropout is off on a tape with
    `training=False`: there y = x. E[mask] = 1, so nothing has to be rescaled then (Srivastava et
    al. 2014; "inverted" dropout, as in the authors' code).

    >>> net = ng.MLP([ng.Affine(1, 8), ng.Dropout(0.5)], "float64")
    >>> net.theta = numpy.array([1.0] * 8 + [0] * 8)  # W, the layer's x here; then b
    >>> tape = net.tape(1)
    >>> net.draw_masks(tape, ng.Stream(3))
    >>> net.forward(numpy.ones((1, 1)), tape)
    array([[0., 0., 2., 2., 0., 2., 0., 2.]])
    """

    random = True

    def __init__(self, keep: float):
        self.keep = number("Dropout: keep", keep, "(0, 1]")

    def memory(self, n_in):
        return {"mask": ((n_in,), "float")}

    def draw_mask(self, t, stream):
        require_stream("draw_masks", stream)
        stream.keep(t.mask, self.keep)

    def forward(self, x, t):
        self.xp.multiply(x, t.mask, out=t.y)

    def backward(self, gy, t):
        self.xp.multiply(gy, t.mask, out=t.gx)

    def __repr__(self):
        return f"Dropout(keep={self.keep})"


@fused
def first_largest(xp, y, *u_and_won):
    """y (m, n) = the elementwise maximum of several u (m, n), and won (m, n) for each u.

    won is true where this u is the first to reach the maximum. Arguments: all u, then all won.
    """
    n = len(u_and_won) // 2
    u, won = u_and_won[:n], u_and_won[n:]
    y[...] = u[0]
    won[0][...] = True
    for p in range(1, n):
        xp.greater(real_part(xp, u[p]), real_part(xp, y), out=won[p])  # larger than all before it
        larger(xp, u[p], y, out=y)
    for p in reversed(range(1, n - 1)):
        xp.logical_or(won[p], won[p + 1], out=won[p])  # a u[q], q ≥ p, is larger than all before it
    for p in range(n - 1):
        xp.greater(won[p], won[p + 1], out=won[p])  # p, and none after it


# e^x overflows where x is a little larger. 1/(1 + e^x) is about 1e−38 or 1e−308 there.
_LOG_LARGEST = {
    numpy.dtype("float32"): 87.0,
    numpy.dtype("float64"): 708.0,
    numpy.dtype("complex128"): 708.0,
}


@fused
def sigmoid(xp, x, out):
    """σ(x) = 1/(1 + e^−x) into `out`, without overflow for any finite x."""
    xp.negative(x, out=out)
    one_minus_sigmoid(xp, out, out)


@fused
def one_minus_sigmoid(xp, x, out):
    """1 − σ(x) = 1/(1 + e^x) into `out`, without overflow for any finite x."""
    xp.minimum(x, _LOG_LARGEST[x.dtype], out=out)
    xp.exp(out, out=out)
    out += 1
    xp.divide(1, out, out=out)
