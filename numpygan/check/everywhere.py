"""Check each layer at unusual inputs and in unusual memory: zeros, ties, slices, later calls.

In float64 one complex step along a random direction of x and all parameters at once checks every
number of a pass; in float32 every number is compared with the same number in float64.
"""

import math

import numpy

from ..arrays import normal
from ..nn.tape import run_forward
from . import layer_rounding
from .derivative import Line, allowed
from .layer_pass import FILLERS, adjoints_of, same_masks, tape_of
from .oracles import complex_step
from .variations import CALLS, SIZES, VARIATIONS
from .verdicts import OK, WRONG, Check

_SMALL = 20_000  # a layer with more numbers (parameters and units) is not called CALLS times
_MOST = 5_000_000  # numbers of x and y in one pass; an array of complex numbers then has 80 MB


def check_everywhere(
    net, stream, strict=False, oracle="complex", leave_out=(), variations=VARIATIONS, missed=None
):
    """A Check for each layer and dtype: the worst of the variations, or the first wrong one.

    leave_out   numbers of layers
    strict   for layers that document their derivative at zeros and ties, as numpygan's do: there
             backward must be the derivative of the branch that forward takes, and every value
             must be finite. Else a difference at a kink is no mistake, and inputs at which a value
             is not finite are left out
    missed   a dict that gets, for each number of a layer, {label of a variation that compared
             nothing: why}
    """
    single = net.copy("float32")
    double = single.copy("float64")  # the same θ: float32 numbers
    checks = []
    reference = double.copy("complex128" if oracle == "complex" else "float64")
    for index, layer in enumerate(net.layers):
        if index in leave_out:
            continue
        left_out = missed.setdefault(index, {}) if missed is not None else {}
        left_out |= _too_much(net, index, variations, oracle)
        tried = [variation for variation in variations if variation.label not in left_out]
        for one, other in ((double, reference), (single, double)):
            place = f"layer {index}, {layer}, {one.dtype}"
            checks.append(_check_layer(place, one, other, index, stream, strict, tried, left_out))
    return checks


def _too_much(net, index, variations, oracle):
    """{label: why} of the variations that don't suit the oracle or take too long for this layer."""
    units = sum(net.widths[index : index + 2])
    shapes = net.layers[index].shapes().values()
    numbers = 3 * units + sum(math.prod(shape) for shape in shapes)
    reasons = {}
    for variation in variations:
        if variation is SIZES and oracle != "complex":  # a step is longer than x near a kink at 0
            reasons[variation.label] = "not with five-point differences"
        elif variation.before == CALLS and numbers > _SMALL:
            reasons[variation.label] = f"not for a layer of more than {_SMALL:,} numbers"
        elif variation.rows * units > _MOST:
            reasons[variation.label] = "not for such a wide layer"
    return reasons


def _check_layer(place, net, other, index, stream, strict, variations, left_out):
    compared, worst, tensors = 0, (0.0, 1.0), "x and θ"
    for variation in variations:
        if variation.before == CALLS and net.dtype == "float32":
            continue  # calls are counted in either dtype
        label = variation.label if net.dtype == "float64" else f"{variation.label} in float32"
        try:
            layer_pass = Pass(net, index, variation, stream)
            if not strict and not numpy.isfinite(layer_pass.y).all():
                left_out[label] = "its values are not finite there"
                continue
            found = layer_pass.against(other, stream)
        except Exception as error:  # whatever a wrong layer raises is its verdict
            hint = f"with {variation.label}: it raises {type(error).__name__}: {error}"
            return Check(place, tensors, WRONG, numpy.inf, 0.0, compared, compared, hint=hint)
        for name, analytic, numeric, tolerance, scale, size in found:
            compared += size
            gap, tolerance = abs(analytic - numeric) / scale, tolerance / scale
            gap = numpy.inf if numpy.isnan(gap) else gap
            if gap > tolerance:
                unsure = layer_pass.spread > 0.1 * abs(analytic - numeric)
                if not strict and (unsure or layer_pass.at_a_kink(stream)):
                    left_out[label] = "at a kink"
                    continue
                if not strict and layer_pass.is_rounding(other, name, gap * scale, stream):
                    left_out[label] = "rounding decides there"
                    continue
                return Check(
                    place,
                    name,
                    WRONG,
                    float(gap),
                    tolerance,
                    compared,
                    compared,
                    analytic=analytic,
                    numeric=numeric,
                    hint=f"with {variation.label}",
                )
            if gap * worst[1] > worst[0] * tolerance:
                worst = float(gap), tolerance
    return Check(place, tensors, OK, *worst, compared, compared)


class Pass:
    """One forward and backward of one layer in one variation."""

    def __init__(self, net, index, variation, stream):
        self.net, self.layer, self.index = net, net.layers[index], index
        m, extra = variation.rows, 4 if variation.slice else 0
        tape = tape_of(net, index, m + 2 * extra)
        self.whole = page = tape.layers[0]
        page.x[...], page.y[...], page.gx[...], page.gy[...] = 3, 3, 3, 3
        self.t = t = tape[extra : m + extra].layers[0]
        n_in, n_out = net.widths[index], net.widths[index + 1]
        earlier = normal((10, m, n_in), stream)
        for call in range(variation.before):
            t.x[...] = earlier[call % 10]
            self._run(stream)
        t.x[...] = variation.x((m, n_in), stream)
        t.gy[...] = variation.gy * normal((m, n_out), stream)
        if variation.spread:
            t.set_views(x=_spread(t.x), gy=_spread(t.gy))
        self._tapes = {}
        self.spread = 0.0  # of the differences by several steps
        self._run(stream)
        self.x, self.gy, self.y = t.x.copy(), t.gy.copy(), t.y.copy()
        if extra and not (self.whole.gx[:extra] == 3).all():
            raise AssertionError("it writes outside the slice of the tape")

    def _run(self, stream):
        layer, t = self.layer, self.t
        if layer.random:
            layer.draw_mask(t, stream)
        run_forward(layer, t)
        self.written = adjoints_of(layer, t)

    def against(self, other, stream):
        """Return a list of (name, analytic, numeric, tolerance, scale, how many numbers)."""
        return (self._numbers if self.net.dtype == "float32" else self._steps)(other, stream)

    def _steps(self, twin, stream):
        """Compare along one direction of all tensors at once; if that is wrong, of each tensor."""
        directions = {name: normal(g.shape, stream) for name, g in self.written.items()}
        size = sum(g.size for g in self.written.values())
        self.directions = directions
        found = [self._step(twin, directions, "x and θ", size)]
        if not abs(found[0][1] - found[0][2]) <= found[0][3]:
            found = [self._step(twin, {name: u}, name, u.size) for name, u in directions.items()]
        return found

    def _step(self, twin, directions, name, size):
        analytic = sum(float((self.written[name] * u).sum()) for name, u in directions.items())
        terms = sum(float(abs(self.written[name] * u).sum()) for name, u in directions.items())
        terms += float(abs(self.gy).max() * max(1.0, abs(self.y).max()))
        tolerance = allowed("float64", size, terms, 0.0)
        line = self._line(twin, directions)
        if twin.dtype == "complex128":
            numeric = complex_step(line.f, line.point, line.direction)
            return name, analytic, numeric, tolerance, terms, size
        numeric, off = line.five_point()
        self.spread = line.spread()
        return name, analytic, numeric, tolerance + off, terms, size

    def _line(self, twin, directions):
        """The loss along directions of x and the parameters, as a function of the step."""
        loss = lambda h: self._loss(twin, {name: h * u for name, u in directions.items()})
        return Line(loss, numpy.zeros(()), numpy.ones(()), float(abs(self.gy * self.y).sum()))

    def _loss(self, twin, moves):
        """Σ gy ⊙ y of the layer's copy in `twin`, with x and the parameters moved."""
        layer, t = twin.layers[self.index], self._tape(twin)
        same_masks(layer, self.t, t)
        t.x[...] = self.x
        kept = {name: getattr(layer, name).copy() for name in layer.shapes()}
        try:
            for name, move in moves.items():
                target = t.x if name == "x" else getattr(layer, name)
                target += move
            run_forward(layer, t)
        finally:
            for name, value in kept.items():
                getattr(layer, name)[...] = value
        return (self.gy * t.y).sum()

    def _tape(self, twin):
        """The layer's tape in another network, made once."""
        if twin not in self._tapes:
            self._tapes[twin] = tape_of(twin, self.index, len(self.x)).layers[0]
        return self._tapes[twin]

    def _numbers(self, double, stream):
        """Compare every number of a float32 pass with the same pass in float64."""
        layer, t = double.layers[self.index], self._tape(double)
        same_masks(layer, self.t, t)
        t.x[...], t.gy[...] = self.x, self.gy
        run_forward(layer, t)
        exact = {"y": t.y} | adjoints_of(layer, t, FILLERS[1])
        upstream = float(abs(self.gy).max())
        found = []
        for name, single in ({"y": self.y} | self.written).items():
            wanted = exact[name]
            other = float(abs(self.x).max()) if name == "y" else upstream
            scale = float(abs(wanted).max()) + other + 1e-300
            terms = max(len(self.x), *self.net.widths[self.index : self.index + 2])
            gap = abs(single - wanted)
            gap[~numpy.isfinite(gap)] = numpy.inf
            k = numpy.unravel_index(gap.argmax(), gap.shape)
            tolerance = allowed("float32", terms, scale, 0.0)
            found.append((name, float(single[k]), float(wanted[k]), tolerance, scale, gap.size))
        return found

    def is_rounding(self, other, name, gap, stream):
        """Whether rounding explains the gap, which is not relative."""
        if self.net.dtype == "float32":
            return layer_rounding.is_rounding(self, None, lambda x: 0 * x, name, gap, stream)
        chosen = {key: u for key, u in self.directions.items() if name in (key, "x and θ")}

        def derivative(x):
            kept, self.x = self.x, x
            try:
                return numpy.asarray(self._step(other, chosen, name, 1)[2])
            finally:
                self.x = kept

        return layer_rounding.is_rounding(self, chosen, derivative, name, gap, stream)

    def at_a_kink(self, stream):
        """Whether forward in float64 bends at this input."""
        double = self.net.copy("float64")
        return self._line(double, {"x": normal(self.x.shape, stream)}).at_a_kink(0.0)


def _spread(array):
    """A view with the same numbers: transposed, reversed, and with gaps between the columns."""
    rows, columns = array.shape
    view = numpy.full((2 * columns, rows), 7, array.dtype).T[:, ::-2]
    view[...] = array
    return view
