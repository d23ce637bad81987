"""A tape is what one pass saw."""

import numpy

from .. import tables
from ..arrays import Array, to_host, zeros
from ..errors import NumpyganError
from ..numbers import flag, whole
from .views import Missing, Views


class LayerTape(Views):
    """What one layer saw in one pass: its input, its output, their adjoints, its own arrays.

    x, gx  (m, n_in) the input and ∂L/∂x
    y, gy  (m, n_out) the output and ∂L/∂y
    NAME   (m, …) an array that the layer's `memory` asked for, such as a dropout mask
    """

    def __init__(self, layer, x, y, gx, gy, own):
        self.layer, self.own = layer, tuple(own)
        self.set_views(x=x, y=y, gx=gx, gy=gy, **own)

    def __getattr__(self, name):  # Python calls it only for a name that it has not found
        if name.startswith("_"):
            raise AttributeError(name)
        raise Missing(
            f"{self}: it has no {name}; an array is declared by "
            f'`def memory(self, n_in): return {{"{name}": ((n_in,), "value")}}`.'
        )

    def __repr__(self):
        return f"the tape of {self.layer}"

    def arrays(self) -> dict:
        """Every array of this layer by name."""
        return {name: getattr(self, name) for name in ("x", "y", "gx", "gy", *self.own)}


def run_forward(layer, t):
    """Let `layer` write t.y; an array that it returns instead is copied there."""
    try:
        y = layer.forward(t.x, t)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _named(error, layer, "forward") from None
    if y is not None:
        t.y = y


def run_backward(layer, t):
    """Let `layer` write t.gx; an array that it returns instead is copied there."""
    try:
        gx = layer.backward(t.gy, t)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _named(error, layer, "backward") from None
    if gx is not None:
        t.gx = gx


def run_backward_params(layer, t):
    """Let `layer` write the gradients of its parameters."""
    try:
        layer.backward_params(t.gy, t)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _named(error, layer, "backward_params") from None


def _named(error, layer, method):
    """The error to raise: on a GPU, one that names the layer and says to use self.xp."""
    if layer.xp.ndarray is numpy.ndarray or isinstance(error, NumpyganError):
        return error
    hint = ""
    if hasattr(layer.xp, "replay"):
        hint = (
            "; with launches 'graph' it multiplies with self.xp.matmul(a, b, out=…), not with @, "
            "and never waits for the GPU"
        )
    return NumpyganError(
        f"{layer}: {method} raises {type(error).__name__}: {error}; a layer of a "
        f"network on {layer.xp.__name__} computes with self.xp, never with numpy, and moves a "
        f"constant there with numpygan.arrays.to_device{hint}."
    )


class Tape(Views):
    """The memory of one pass over m rows: inputs, outputs and masks of all layers, and adjoints.

    Made by `MLP.tape(m)`. `tape[i:j]` is a tape of those rows, by views, for a pass over a part of
    the minibatch. A tape is stale when θ has moved since `forward`; `backward` refuses it then.

    x, y    (m, n_in) and (m, n_out), the pass's input and output. Write the input into `tape.x`
            and call forward(tape.x, tape): then nothing is copied
    gx, gy  their adjoints ∂L/∂x, ∂L/∂y; `tape.x = a` and `tape.gy = a` copy a into them
    layers  a LayerTape for each layer
    """

    x: Array
    y: Array
    gx: Array
    gy: Array

    def __init__(self, net, layers, training, versions, drawn):
        self.net, self.layers, self.training = net, layers, training
        # By row: the version of θ that forward read; whether masks are drawn
        self.versions, self.drawn = versions, drawn
        self.graphs = {}  # of a GraphModule: a graph for each kind of pass
        first, last = layers[0], layers[-1]
        self.set_views(x=first.x, y=last.y, gx=first.gx, gy=last.gy)
        self.m = len(self.x)

    @classmethod
    def allocate(cls, net, m, training):
        """The memory of a pass of `net` over m rows."""
        m, training = whole("tape: the number of rows m", m), flag("tape: training", training)
        values, adjoints = (
            [zeros("tape", net.xp, (m, n), net.dtype) for n in net.widths] for _ in "xg"
        )
        pages = []
        for i, layer in enumerate(net.layers):
            both = values[i], values[i + 1], adjoints[i], adjoints[i + 1]
            pages.append(LayerTape(layer, *both, _allocate_memory(net, layer, net.widths[i], m)))
        return cls(net, pages, training, numpy.zeros(m, numpy.int64), numpy.zeros(m, bool))

    def __len__(self) -> int:
        return self.m

    def __getitem__(self, rows: slice) -> "Tape":
        """The tape of the rows `rows`, a slice with step 1, sharing this tape's memory."""
        ends = (rows.start, rows.stop) if isinstance(rows, slice) else (0.0,)
        whole_numbers = all(end is None or hasattr(end, "__index__") for end in ends)
        if not whole_numbers or rows.step not in (None, 1):
            raise NumpyganError(
                f"tape[…]: expected a slice of rows by whole numbers with step 1, such as "
                f"tape[:m], got {rows!r}."
            )
        if len(range(*rows.indices(self.m))) == 0:
            raise NumpyganError(
                f"tape[…]: the slice {rows.start}:{rows.stop} of {self.m} rows is empty."
            )
        # Neighbours share their array: the output of a layer is the input of the next.
        values = [page.x[rows] for page in self.layers] + [self.y[rows]]
        adjoints = [page.gx[rows] for page in self.layers] + [self.gy[rows]]
        pages = [
            LayerTape(
                page.layer,
                values[i],
                values[i + 1],
                adjoints[i],
                adjoints[i + 1],
                {name: getattr(page, name)[rows] for name in page.own},
            )
            for i, page in enumerate(self.layers)
        ]
        return Tape(self.net, pages, self.training, self.versions[rows], self.drawn[rows])

    def __repr__(self):
        if not self.versions.any():
            state = "no pass yet"
        elif (self.versions == self.net.version).all():
            state = "after a pass"
        elif (self.versions == 0).any():
            state = "some rows have no pass yet"
        else:
            state = "stale, θ has changed since a pass"
        return f"Tape of {self.m} rows, {state}, of {self.net}"

    def table(self) -> str:
        """A line of text for each layer: the range of y, ‖y‖, ‖gy‖, and what its mask lets through.

        Waits for a GPU. The adjoint is from the last backward pass; it is 0 before the first one.
        """
        return tables.as_text(*self._cells())

    def _repr_html_(self):
        return tables.as_html(*self._cells(), caption=f"tape of {self.m} rows")

    def _cells(self):
        head, rows = ["layer", "y", "min", "mean", "max", "‖y‖", "‖gy‖", "passes"], []
        for layer, t in zip(self.net.layers, self.layers):
            y, gy = to_host(t.y.real), to_host(t.gy.real)
            numbers = y.min(), y.mean(), y.max(), numpy.linalg.norm(y), numpy.linalg.norm(gy)
            own = (
                [to_host(getattr(t, name)) for name in t.own]
                if self.training or not layer.random
                else []
            )
            passes = ", ".join(f"{(mask != 0).mean():.1%}" for mask in own)
            rows.append(
                [
                    repr(layer),
                    " × ".join(map(str, y.shape)),
                    *(f"{number:.4g}" for number in numbers),
                    passes,
                ]
            )
        return head, rows


def _allocate_memory(net, layer, n_in, m):
    """The arrays that `layer.memory` asks for, of m rows."""
    kinds = {"value": net.dtype, "float": net.real_dtype, "bool": numpy.dtype(bool)}
    memory = layer.memory(n_in)
    taken = [name for name in memory if name in ("x", "y", "gx", "gy", "layer", "own", "arrays")]
    if taken:
        raise NumpyganError(
            f"{layer}: memory() names an array {taken[0]}, as the tape names one of its own; "
            f"rename it."
        )
    try:
        return {
            name: net.xp.zeros((m, *shape), kinds[kind]) for name, (shape, kind) in memory.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NumpyganError(
            f"{layer}: memory() gives {memory!r}; expected for each array the shape of one row and "
            f'a kind, such as {{"mask": ((n_in,), "bool")}}; kinds: {", ".join(kinds)}.'
        ) from None
