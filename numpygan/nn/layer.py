"""What a layer is: the interface of every layer, and of one of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arrays import Array, Stream
from ..errors import NumpyganError
from .views import Missing, Views

if TYPE_CHECKING:
    from .tape import LayerTape


class Layer(Views):
    """A differentiable map of rows: y = f(x) forward, gx = (∂f/∂x)ᵀ gy backward.

    Subclass it to write a layer of your own. `forward` and `backward` are all that it needs:

    >>> class Square(ng.Layer):
    ...     def forward(self, x, t):
    ...         t.y[...] = x**2
    ...
    ...     def backward(self, gy, t):
    ...         t.gx[...] = 2 * t.x * gy
    >>> ng.gradcheck([ng.Affine(3, 4), Square()]).passed
    True

    A layer with parameters has `shapes`, `initialize` and `backward_params`, too. This one has
    parameters, a saved value and randomness:

        class NoisyGain(ng.Layer):
            \"""y = s ⊙ tanh(x ⊙ mask)        ga = gy ⊙ s ⊙ (1 − a²),  a = tanh(x ⊙ mask)\"""

            random = True  # draw_mask is called before forward; without training y = x

            def __init__(self, n):
                self.n_in = n  # a layer that fixes the width of its input says so

            def shapes(self):
                return {"s": (self.n_in,)}  # self.s and self.gs: views of θ and of grad

            def initialize(self, stream):
                self.s[...] = 1

            def memory(self, n_in):  # arrays that a pass keeps: kind, and the shape of one row
                return {"a": ((n_in,), "value"), "mask": ((n_in,), "float")}

            def draw_mask(self, t, stream):
                stream.uniform(t.mask, 0.5, 1.5)

            def forward(self, x, t):
                self.xp.multiply(x, t.mask, out=t.a)
                self.xp.tanh(t.a, out=t.a)
                self.xp.multiply(t.a, self.s, out=t.y)

            def backward(self, gy, t):
                t.gx[...] = gy * self.s * (1 - t.a**2) * t.mask

            def backward_params(self, gy, t):
                self.gs[...] = (gy * t.a).sum(0)

        print(ng.gradcheck([ng.Affine(3, 4), NoisyGain(4)]))

    `t` is what the layer sees of one pass, a LayerTape:

        t.x   (m, n_in)   the input; read it        t.y   (m, n_out)  write it in `forward`
        t.gy  (m, n_out)  ∂L/∂y; read it            t.gx  (m, n_in)   write it in `backward`
        t.NAME (m, …)     an array that `memory` asked for

    A layer keeps nothing else between calls: a network has several passes at a time. `t.y = a` and
    `self.gs = a` copy a into the array that is there; an array that `forward` returns is copied
    into t.y, one that `backward` returns into t.gx. After θ has moved, the tapes of earlier passes
    are stale, and `MLP.backward` refuses them.

    xp      the array module, numpy or cupy: set by the MLP that takes the layer
    n_in    the input's width, where the layer fixes it, else None
    random  whether the layer has `draw_mask(t, stream)`; without training y = x then
    """

    xp: Any = None
    n_in: int | None = None
    random = False
    _version: list[int] | None = None  # of its network's θ

    def width(self, n_in: int) -> int:
        """The output's width for an input of width n_in."""
        return n_in

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter by name.

        {"W": (n_in, n_out)} gives `self.W`, a view of θ, and `self.gW`, a view of its gradient.
        """
        return {}

    def memory(self, n_in: int) -> dict[str, tuple[tuple[int, ...], str]]:
        """The arrays that a pass keeps beside x, y, gx, gy: {name: (shape of one row, kind)}.

        The kind is "value" for the dtype of the pass (complex in a complex-step check), "float" for
        real numbers of its precision, or "bool".
        """
        return {}

    def initialize(self, stream: Stream) -> None:
        """Draw the parameters from a random stream."""

    def forward(self, x: Array, t: LayerTape) -> Array | None:
        """Write t.y = f(x)."""
        raise NumpyganError(
            f"{self}: the layer has no forward; write one that fills t.y, such as "
            f"`def forward(self, x, t): t.y[...] = 2 * x`."
        )

    def backward(self, gy: Array, t: LayerTape) -> Array | None:
        """Write t.gx = (∂f/∂x)ᵀ gy."""
        raise NumpyganError(
            f"{self}: the layer has no backward; write one that fills t.gx, such as "
            f"`def backward(self, gy, t): t.gx[...] = 2 * gy`."
        )

    def backward_params(self, gy: Array, t: LayerTape) -> None:
        """Write the parameters' gradients, summed over the rows: self.gNAME for each NAME."""
        if self.shapes():
            name = next(iter(self.shapes()))
            raise NumpyganError(
                f"{self}: the layer has parameters but no backward_params; write one that fills "
                f"their gradients, such as `def backward_params(self, gy, t): "
                f"self.g{name}[...] = (gy * t.x).sum(0)`."
            )

    def draw_mask(self, t: LayerTape, stream: Stream) -> None:
        """Draw the arrays of t that are random; a layer with `random = True` needs it."""
        raise NumpyganError(
            f"{self}: the layer is random but has no draw_mask; write one that fills what memory "
            f"declares, such as `def draw_mask(self, t, stream): stream.keep(t.mask, 0.5)`."
        )

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if self._version and name in self.shapes():
            self._version[0] += 1

    def __getattr__(self, name):  # Python calls it only for a name that it has not found
        if name.startswith("_"):
            raise AttributeError(name)
        if name[0] == "g" and name[1:] in vars(self):
            raise Missing(
                f"{type(self).__name__}: the layer has no {name}, as {name[1:]} is not declared as "
                f'a parameter; write `def shapes(self): return {{"{name[1:]}": (n,)}}`, and set '
                f"self.{name[1:]}[...] in initialize, not in __init__."
            )
        raise Missing(
            f"{type(self).__name__}: the layer has no {name}; a parameter is declared by "
            f'`def shapes(self): return {{"{name}": (n,)}}`, anything else is set in __init__.'
        )

    def __repr__(self):
        return f"{type(self).__name__}()"
