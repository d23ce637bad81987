"""A multilayer perceptron whose parameters are one vector θ."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from types import ModuleType

import numpy

from .. import tables
from ..arrays import Array, Stream, zeros
from ..errors import NumpyganError
from ..requirements import require, require_module
from .layer import Layer
from .tape import Tape, run_backward, run_backward_params, run_forward

DTYPES = ("float32", "float64", "complex128")


class MLP:
    """A stack of layers over one flat parameter vector.

    theta  (n,) every parameter; the layers' W, b are views into it
    grad   (n,) ∂L/∂θ, written by `backward`; the layers' gW, gb are views into it

    One step of gradient descent on L = ½ Σ (y − target)², by hand:

    >>> net = ng.MLP([ng.Affine(2, 3), ng.Tanh(), ng.Affine(3, 1)], dtype="float64")
    >>> net.initialize(ng.Stream(0))
    >>> tape = net.tape(4)  # the memory of a pass over 4 rows
    >>> x, target = numpy.ones((4, 2)), numpy.zeros((4, 1))
    >>> y = net.forward(x, tape)  # (4, 1)
    >>> gx = net.backward(y - target, tape)  # gy = ∂L/∂y; writes net.grad
    >>> net.theta -= 0.1 * net.grad  # now the tape is stale: backward on it raises
    >>> bool(abs(net.forward(x, net.tape(4))[0]) < abs(y[0]))
    True

    layers  the layers from input to output
    dtype   "float32" (training), "float64" (checks) or "complex128" (complex-step checks)
    xp      the array module: numpy or cupy

    Raises NumpyganError if the widths of neighbouring layers don't fit, if an argument is invalid,
    or if θ does not fit in memory.
    """

    def __init__(self, layers: Iterable[Layer], dtype: str = "float32", xp: ModuleType = numpy):
        self.layers, self.xp = _layers(layers), xp
        require_module("MLP", xp)
        if str(dtype) not in DTYPES and getattr(dtype, "__name__", None) not in DTYPES:
            raise NumpyganError(f"MLP: dtype must be one of {', '.join(DTYPES)}, got {dtype!r}.")
        self.dtype = numpy.dtype(dtype)
        self.real_dtype = numpy.dtype("float64") if self.dtype.kind == "c" else self.dtype
        self.widths = _widths(self.layers)
        self._random = any(layer.random for layer in self.layers)
        with_parameters = (i for i, layer in enumerate(self.layers) if layer.shapes())
        self._lowest = next(with_parameters, len(self.layers))  # the first layer with parameters
        self.n_in, self.n_out = self.widths[0], self.widths[-1]
        size = (_size(self.layers),)
        self._theta = zeros("MLP: theta", xp, size, self.dtype)
        # Takes no memory until it is written, unlike zeros_like
        self._grad = zeros("MLP: grad", xp, size, self.dtype)
        self._version = [1]  # a list, so that the layers share it
        self._replay = getattr(xp, "replay", None)  # of a GraphModule
        self._hand_out_views()

    def _hand_out_views(self):
        for index, layer in enumerate(self.layers):
            if layer.xp is not None or layer in self.layers[:index]:
                raise NumpyganError(
                    f"MLP: layer {index}, {layer}, already belongs to a network; make a new one."
                )
        start = 0
        for layer in self.layers:
            layer.xp = self.xp
            for name, shape in layer.shapes().items():
                part = slice(start, start + math.prod(shape))
                theta, grad = self._theta[part].reshape(shape), self._grad[part].reshape(shape)
                layer.set_views(**{name: theta, f"g{name}": grad})
                start = part.stop
            layer._version = self._version

    @property
    def version(self) -> int:
        """Counts the changes of θ; tapes remember it."""
        return self._version[0]

    @version.setter
    def version(self, value: int) -> None:
        self._version[0] = value

    @property
    def theta(self) -> Array:
        """All parameters, a vector; the layers' W and b are views into it.

        `net.theta = v` copies v, `net.theta -= v` changes θ in place. Both make the tapes of
        earlier passes stale, as do `layer.W = v` and `layer.W -= v`. A change by an index,
        `net.theta[i] = v` or `layer.W[...] = v`, is not noticed: call `forward` again before
        `backward`. Raises NumpyganError if v has another shape, dtype or array module.
        """
        return self._theta

    @theta.setter
    def theta(self, value: Array) -> None:
        if value is not self._theta:
            self.check_array("MLP: theta", value, self._theta.shape)
            self._theta[...] = value
        self.version += 1

    @property
    def grad(self) -> Array:
        """∂L/∂θ, a vector of the size of θ; the layers' gW and gb are views into it.

        `net.grad = v` copies v. Raises NumpyganError if v has another shape or array module.
        """
        return self._grad

    @grad.setter
    def grad(self, value: Array) -> None:
        if value is not self._grad:
            self.check_array("MLP: grad", value, self._grad.shape)
            self._grad[...] = value

    def initialize(self, stream: Stream) -> None:
        """Draw θ from `stream`, layer by layer, each as its constructor says."""
        for layer in self.layers:
            layer.initialize(stream)
        self.version += 1

    def copy(self, dtype: str | None = None) -> MLP:
        """A second network with copies of the layers and of θ, in another dtype if one is given."""
        layers = [copy.copy(layer) for layer in self.layers]
        for layer in layers:
            layer.xp = None
        twin = MLP(layers, dtype or str(self.dtype), self.xp)
        twin.theta[...] = self.theta
        return twin

    def tape(self, m: int, training: bool = True) -> Tape:
        """The memory of one pass over m rows: see Tape. `training=False` has no dropout."""
        return Tape.allocate(self, m, training)

    def draw_masks(self, tape: Tape, stream: Stream | None) -> None:
        """Draw the dropout masks of `tape` from `stream`."""
        self._check_tape(tape)
        for layer, t in zip(self.layers, tape.layers):
            if layer.random:
                layer.draw_mask(t, stream)
        tape.drawn[...] = True
        tape.versions[...] = 0  # what was computed with the masks before is stale

    def forward(self, x: Array, tape: Tape) -> Array:
        """y = f(x; θ): (m, n_in) -> (m, n_out), an array of the tape.

        A pure function of θ, x and the tape's masks. x is copied into the tape unless it is
        `tape.x`. Raises NumpyganError for a wrong shape, dtype or array module, or if dropout masks
        have not been drawn.
        """
        self._check_tape(tape)
        if x is not tape.x:
            self.check_array(f"{self.layers[0]}: x", x, (tape.m, self.n_in))
            tape.x[...] = x
        if self._random and tape.training and not tape.drawn.all():
            raise NumpyganError(
                "forward: no dropout masks in this tape; call draw_masks(tape, stream) first, or "
                "use tape(m, training=False)."
            )
        if self._replay is None:
            self._forward(tape)
        else:
            self._replay(tape.graphs, "forward", lambda: self._forward(tape))
        tape.versions[...] = self.version
        return tape.y

    def _forward(self, tape):
        for layer, t in zip(self.layers, tape.layers):
            if layer.random and not tape.training:
                t.y[...] = t.x
            else:
                run_forward(layer, t)

    def backward(
        self, gy: Array, tape: Tape, params: bool = True, inputs: bool = True
    ) -> Array | None:
        """Write ∂L/∂θ into `grad` and return gx = ∂L/∂x (m, n_in), an array of the tape.

        gy      ∂L/∂y (m, n_out)
        params  False: compute only gx; `grad` keeps its values (D is frozen in the G step)
        inputs  False: compute only `grad`, and nothing below the first layer with parameters; the
                result is None
        Raises NumpyganError if the pass is stale: θ has changed since `forward`, or there was none.
        """
        self._check_tape(tape)
        if tape.versions.min() < self.version:
            raise NumpyganError(
                "backward: the tape is stale, θ has changed since its forward (or there was none); "
                "call forward on it again."
            )
        if gy is not tape.gy:
            self.check_array(f"{self.layers[-1]}: gy", gy, (tape.m, self.n_out))
            tape.gy[...] = gy
        if self._replay is None:
            self._backward(tape, params, inputs)
        else:
            part = bool(params), bool(inputs)
            self._replay(tape.graphs, part, lambda: self._backward(tape, *part))
        return tape.gx if inputs else None

    def _backward(self, tape, params, inputs):
        lowest = 0 if inputs else self._lowest
        for i in reversed(range(lowest, len(self.layers))):
            layer, t = self.layers[i], tape.layers[i]
            if params:
                run_backward_params(layer, t)
            if inputs or i > lowest:
                if layer.random and not tape.training:
                    t.gx[...] = t.gy
                else:
                    run_backward(layer, t)

    def check_array(self, name: str, array: Array, shape: tuple[int, ...]) -> None:
        """Raise NumpyganError unless shape, dtype and array module of `array` are right."""
        require(self.xp, **{name: array})
        if array.shape != shape:
            raise NumpyganError(f"{name} has shape {array.shape}, expected {shape}.")
        if array.dtype != self.dtype:
            raise NumpyganError(
                f"{name} is {array.dtype}, expected {self.dtype}; convert it with astype."
            )

    def _check_tape(self, tape):
        if getattr(tape, "net", None) is not self:
            what = "this tape was made by another network"
            if not hasattr(tape, "net"):
                what = f"expected a tape, got {type(tape).__name__}"
            raise NumpyganError(f"{what}; make one with the network's own tape(m).")

    def __repr__(self):
        return f"MLP([{', '.join(map(repr, self.layers))}], dtype={str(self.dtype)!r})"

    def _repr_html_(self):
        head, rows = ["layer", "in", "out", "parameters"], []
        for layer, n_in, n_out in zip(self.layers, self.widths, self.widths[1:]):
            shapes = ", ".join(
                f"{name} {' × '.join(map(str, shape))}" for name, shape in layer.shapes().items()
            )
            rows.append([repr(layer), str(n_in), str(n_out), shapes])
        return tables.as_html(
            head, rows, caption=f"MLP, {self.theta.size:,} parameters, {self.dtype}"
        )


def _layers(layers):
    """The layers as a list. Raises NumpyganError if something in it is not a layer."""
    layers = list(layers) if isinstance(layers, Iterable) else [layers]
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            hint = f"; write {layer.__name__}(…)" if isinstance(layer, type) else ""
            raise NumpyganError(
                f"MLP: expected a list of layers, got {layer!r} in place {index}{hint}."
            )
    return layers


def _size(layers):
    """The number of parameters. Raises NumpyganError for a shape that is not valid."""
    size = 0
    for layer in layers:
        shapes = layer.shapes()
        if not isinstance(shapes, dict):
            raise NumpyganError(
                f'{layer}: shapes() gives {shapes!r}; expected a dict such as {{"a": (n,)}}.'
            )
        for name, shape in shapes.items():
            if hasattr(Layer, name):
                raise NumpyganError(
                    f"{layer}: a parameter is named {name}, as is a member of Layer; rename it."
                )
            if not isinstance(shape, tuple) or not all(
                isinstance(n, (int, numpy.integer)) and n > 0 for n in shape
            ):
                raise NumpyganError(
                    f"{layer}: shapes() gives {name} the shape {shape!r}; expected a tuple of "
                    f"whole numbers ≥ 1, such as (self.n_in,), with n_in set in __init__."
                )
            size += math.prod(shape)
    return size


def _widths(layers):
    """The width of the input and of each layer's output, from the layers that fix theirs."""
    fixed = next((i for i, layer in enumerate(layers) if layer.n_in is not None), None)
    if fixed is None:
        raise NumpyganError(
            "MLP: no layer says how wide the input is; expected at least one Affine."
        )
    n_in = layers[fixed].n_in
    for i, layer in enumerate(layers[:fixed]):
        if _width(layer, n_in) != n_in:
            raise NumpyganError(
                f"MLP: layer {i}, {layer}, comes before the first Affine, so it must keep the "
                f"width."
            )
    widths = [n_in] * (fixed + 1)
    for i, layer in enumerate(layers[fixed:], fixed):
        if layer.n_in is not None and layer.n_in != widths[-1]:
            raise NumpyganError(
                f"MLP: layer {i}, {layer}, takes rows of width {layer.n_in}, but gets {widths[-1]}."
            )
        widths.append(_width(layer, widths[-1]))
    return widths


def _width(layer, n_in):
    found = layer.width(n_in)
    if not isinstance(found, (int, numpy.integer)) or found < 1:
        raise NumpyganError(
            f"{layer}: width({n_in}) gives {found!r}; expected a whole number ≥ 1, the output's "
            f"width for an input of width {n_in}."
        )
    return found
