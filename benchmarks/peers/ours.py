"""numpygan itself, and the floor under it."""

import os

import numpy
from game import networks

from numpygan.arrays import array_module, matmul, wait_for
from numpygan.errors import NumpyganError
from numpygan.nn.layers import Affine
from numpygan.runs.trainer import Training


class Ours:
    """numpygan's own step, as `numpygan train` makes it, with its scores."""

    def __init__(self, recipe, data, threads, device="cpu"):
        self.training = Training(recipe, data, array_module(device))

    def iterate(self, iterations):
        for _ in range(iterations):
            self.training.advance()
        if self.training.xp is not numpy:
            wait_for(self.training.xp)


class Floor:
    """The matrix products of an iteration alone, in the straightforward schedule, each as numpygan
    makes it, into memory of its own.

    With L_G and L_D Affine layers, k times: G forward on m rows (L_G), D forward on 2m (L_D), gW =
    xᵀ gy (L_D) and gx = gy Wᵀ (L_D − 1); then G forward (L_G), D forward on m (L_D), D's gx (L_D),
    G's gW (L_G) and gx (L_G − 1). With three layers each that is 11 k + 14 products.
    """

    def __init__(self, recipe, data, threads, device="cpu"):
        self.xp = array_module(device)
        rng = numpy.random.default_rng(0)
        G, D = (
            [layer.W for layer in net.layers if isinstance(layer, Affine)]
            for net in networks(recipe, data)
        )
        m = recipe.batch
        for W in G + D:
            rng.random(out=W, dtype="float32")
        G, D = ([self.xp.asarray(W) for W in net] for net in (G, D))

        def array(*shape):
            return self.xp.asarray(rng.random(shape, dtype="float32"))

        def forward(net, rows):
            return [(array(rows, W.shape[0]), W, array(rows, W.shape[1])) for W in net]

        def to_weights(passed):
            return [(x.T, y, array(*W.shape)) for x, W, y in passed]

        def to_inputs(passed):
            return [(y, W.T, array(*x.shape)) for x, W, y in passed]

        pass_g, pass_d, pass_dg = forward(G, m), forward(D, 2 * m), forward(D, m)
        self.products = [*pass_g, *pass_d, *to_weights(pass_d), *to_inputs(pass_d[1:])] * recipe.k
        self.products += [
            *pass_g,
            *pass_dg,
            *to_inputs(pass_dg),
            *to_weights(pass_g),
            *to_inputs(pass_g[1:]),
        ]

    def flop(self):
        """The multiplications and additions of an iteration."""
        return sum(2 * a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in self.products)

    def iterate(self, iterations):
        for _ in range(iterations):
            for a, b, out in self.products:
                matmul(self.xp, a, b, out)
        if self.xp is not numpy:
            wait_for(self.xp)


class FloorTF32(Floor):
    """The floor on a GPU whose cuBLAS may round the factors to TF32, 10 bits of mantissa."""

    def __init__(self, recipe, data, threads, device="cpu"):
        if device != "gpu":
            raise NumpyganError(
                f"floor, TF32: TF32 needs a GPU, got device {device!r}; leave it out there."
            )
        os.environ["CUPY_TF32"] = "1"  # read when CuPy is imported
        super().__init__(recipe, data, threads, device)
