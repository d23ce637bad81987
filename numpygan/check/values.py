"""Compare the losses, their slopes and G's samples with formulas written out a second time.

In float32, the dtype of training, and in float64, the dtype of the checks.
"""

import numpy

from ..arrays import Stream
from ..gan import objective
from ..gan.objective import G_LOSSES
from ..gan.sampling import generate, interpolate, sample
from ..nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from ..nn.mlp import MLP
from ..nn.tape import run_backward, run_forward
from .verdicts import judge_all

_TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


def _D(a):
    """σ(a), exact to the last bits on both sides of 0."""
    e = numpy.exp(-abs(a))
    return numpy.where(a < 0, e / (1 + e), 1 / (1 + e))


def _log_D(a):
    return -numpy.logaddexp(0, -a)


# The mean of each loss over the rows, and m times its slope: as the paper prints them.
_LOSSES = {
    "saturating": (lambda a: _log_D(-a), lambda a: -_D(a)),
    "non_saturating": (lambda a: -_log_D(a), lambda a: -_D(-a)),
    "maximum_likelihood": (  # beyond 30 continued by its tangent
        lambda a: -numpy.exp(numpy.minimum(a, 30)) * (1 + numpy.maximum(a - 30, 0)) / 2,
        lambda a: -numpy.exp(numpy.minimum(a, 30)) / 2,
    ),
}


def _compared(place, name, found, expected, dtype):
    """A Check of arrays, each number relative to the expected one, so that small ones count."""
    found, expected = numpy.ravel(found).astype("float64"), numpy.ravel(expected)
    size = numpy.maximum(abs(expected), 1e-30)
    place = f"{place}, {dtype}"
    return judge_all(place, name, found / size, expected / size, 1.0, _TOLERANCE[dtype])


@numpy.errstate(all="ignore")  # as gradcheck
def check_values(seed=0):
    """The Checks of every loss, of V, and of samples."""
    checks = []
    for dtype in ("float32", "float64"):
        many = numpy.linspace(-29, 45, 1110)
        logits = ([0.7], [0], [-29], [29], [-29, 45], numpy.linspace(-29, 45, 101), many)
        for a in logits:
            a = numpy.array(a, dtype)[:, None]
            checks += _check_losses(a, a.astype("float64"), dtype)
        checks += [
            *_check_samples(dtype, seed),
            *_check_lines(dtype, seed),
            *_check_ties(dtype),
            *_check_equations(dtype, seed),
            *_check_masks(dtype, seed),
        ]
    return checks


def _check_masks(dtype, seed):
    """Every entry of a mask is 0 or 1/keep; the share of kept entries is right to 6 σ."""
    checks, stream, n = [], Stream(seed), 400_000
    for keep in (0.1, 0.5, 0.8, 1.0):
        mask = numpy.full((3, n // 3), numpy.nan, dtype)  # 399,999 entries: no multiple of 4
        stream.keep(mask, keep)
        kept = mask != 0
        place = f"mask, keep = {keep}"
        checks.append(_compared(place, "value", mask, kept / keep, dtype))
        off = abs(kept.mean() - keep) > 6 * numpy.sqrt(keep * (1 - keep) / n) + 2e-5
        checks.append(_compared(place, "share is right", [float(not off)], [1.0], dtype))
    return checks


def _check_equations(dtype, seed):
    """y of each layer by its equation, for one row and many, small and large inputs."""
    equations = (
        (ReLU(), lambda x: numpy.maximum(x, 0)),
        (Sigmoid(), _D),
        (Tanh(), numpy.tanh),
        (LeakyReLU(0.01), lambda x: numpy.where(x > 0, x, x / 100)),
        (Maxout(3), lambda x: x.reshape(-1, 3, 2).max(1)),
    )
    checks, stream = [], Stream(seed)
    for layer, equation in equations:
        net = MLP([Affine(6, 6), layer], dtype)
        for m in (1, 300):
            t = net.tape(m).layers[1]
            stream.normal(t.x)
            t.x[...] *= 5
            run_forward(layer, t)
            expected = equation(t.x.astype("float64"))
            checks.append(_compared(f"{layer}, {m} rows", "y", t.y, expected, dtype))
    return checks


def _check_ties(dtype):
    """The documented derivative at kinks: at 0, and where pieces of a maxout are equal."""
    checks = []
    for layer, x, expected in (
        (ReLU(), [0.0, -0.0, 2], [0, 0, 1]),
        (LeakyReLU(0.25), [0.0, -0.0, 2], [0.25, 0.25, 1]),
        (Maxout(3), [1.0, 1, 1], [1, 0, 0]),
        (Maxout(3), [0.0, 1, 1], [0, 1, 0]),
    ):
        net = MLP([Affine(3, 3), layer], dtype)
        t = net.tape(1).layers[1]
        t.x[...], t.gy[...] = x, 1
        run_forward(layer, t)
        run_backward(layer, t)
        checks.append(_compared(f"{layer} at {x}", "x", t.gx, numpy.array(expected, float), dtype))
    return checks


def _check_losses(a, exact, dtype):
    checks, m = [], len(a)
    for name, (value, slope, _) in G_LOSSES.items():
        printed, printed_slope = _LOSSES[name]
        out = numpy.empty_like(a)
        slope(numpy, a, out=out)
        place = f"loss {name}, {m} rows"
        checks.append(_compared(place, "slope", out, printed_slope(exact) / m, dtype))
        checks.append(_compared(place, "value", value(numpy, a), printed(exact).mean(), dtype))
    real, fake = numpy.empty_like(a), numpy.empty_like(a)
    objective.value_slopes(numpy, a, a[::-1], out_real=real, out_fake=fake)
    checks.append(_compared(f"V, {m} rows", "slope, real", real, _D(-exact) / m, dtype))
    checks.append(_compared(f"V, {m} rows", "slope, fake", fake, -_D(exact[::-1]) / m, dtype))
    V = (_log_D(exact) + _log_D(-exact[::-1])).mean()
    checks.append(_compared(f"V, {m} rows", "value", objective.value(numpy, a, a[::-1]), V, dtype))
    D = objective.probability(numpy, a)
    checks.append(_compared(f"D, {m} rows", "value", D, _D(exact), dtype))
    return checks


def _check_samples(dtype, seed):
    """G(z) computed in blocks, the last one smaller, equals one pass over all rows; no dropout."""
    stream, checks = Stream(seed), []
    G = MLP([Affine(3, 9), ReLU(), Dropout(0.5), Affine(9, 4), Sigmoid()], dtype)
    G.initialize(stream)
    for n in (1, 2, 249, 250, 251, 600):
        z = numpy.empty((n, 3), dtype)
        stream.normal(z)
        hidden = numpy.maximum(z.astype("float64") @ G.layers[0].W + G.layers[0].b, 0)
        expected = _D(hidden @ G.layers[3].W + G.layers[3].b)
        checks.append(_compared(f"{n} samples", "x", generate(G, z), expected, dtype))
    return checks


def _check_lines(dtype, seed):
    """Samples of each noise and lines between them, by a G that gives z itself."""
    G, checks = MLP([Affine(2, 2)], dtype), []
    G.layers[0].W[...] = numpy.eye(2)
    for noise, within in (("uniform", True), ("gaussian", False)):
        z = sample(G, noise, 4000, Stream(seed)).astype("float64")
        found = [float(abs(z).max() < 3**0.5 + 1e-6), float(abs((z**2).mean() - 1) < 0.1)]
        place = f"samples of {noise} noise"
        checks.append(_compared(place, "z", found, numpy.array([within, 1.0]), dtype))
    ends = 5 + z[:14].reshape(2, 7, 2)  # away from 0
    for steps in (5, 60):
        share = numpy.linspace(0, 1, steps)[:, None]
        lines = ends[0][:, None] * (1 - share) + ends[1][:, None] * share
        found = interpolate(G, ends.astype(dtype), steps)
        checks.append(_compared(f"lines of {steps}", "x", found, lines.ravel(), dtype))
    return checks
