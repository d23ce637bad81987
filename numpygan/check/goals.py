"""What the players of a game want: the paper's value and losses, or functions of the user's own."""

from dataclasses import dataclass

import numpy

from ..arrays import Stream, normal
from ..errors import NumpyganError
from .oracles import central, complex_step

_CALLS = {"value": "value(real, fake)", "loss": "loss(fake)"}


@dataclass(frozen=True)
class Goals:
    """D ascends of_d(real, fake), G descends of_g(fake); both are functions of D's outputs.

    own  whether they are the user's. Then D may be clipped.
    """

    of_d: object
    of_g: object
    own: bool = False


def _sigmoid(a):
    return 1 / (1 + numpy.exp(-a))


_PRINTED_LOSSES = {  # of G, as a function of the logit of D(G(z)); 1 − σ(a) is σ(−a)
    "saturating": lambda a: numpy.log(_sigmoid(-a)).mean(),
    "non_saturating": lambda a: -numpy.log(_sigmoid(a)).mean(),
    "maximum_likelihood": lambda a: -(_sigmoid(a) / _sigmoid(-a)).mean() / 2,
}


def of_the_paper(loss, share):
    """The paper's value function times `share`, and G's loss of this name, from D's logits."""

    def value(real, fake):
        return share * (numpy.log(_sigmoid(real)).mean() + numpy.log(_sigmoid(-fake)).mean())

    return Goals(value, _PRINTED_LOSSES[loss])


def of_the_user(value, loss):
    """The user's functions, each called through `_checked`."""
    return Goals(_checked("value", value), _checked("loss", loss), own=True)


def _checked(name, function):
    """`function`, whose results are checked: one finite number, written for complex numbers.

    Raises NumpyganError in the first call where they are not.
    """
    complex_steps_tried = []

    def call(*outputs):
        try:
            result = function(*outputs)
        except Exception as error:  # a function of the user's may raise anything
            raise NumpyganError(
                f"check_game: {name} raises {type(error).__name__}: {error}; expected "
                f"{_CALLS[name]} of D's outputs, complex arrays of shape {outputs[0].shape}."
            ) from None
        if numpy.ndim(result) or not isinstance(result, (int, float, complex, numpy.number)):
            shape = f" of shape {numpy.shape(result)}" if numpy.ndim(result) else ""
            raise NumpyganError(
                f"check_game: {name} returns {type(result).__name__}{shape}; expected one number, "
                f"such as the mean over the rows."
            )
        return result

    def checked(*outputs):
        if not complex_steps_tried:
            complex_steps_tried.append(True)
            _require_complex(name, call, [output.real for output in outputs])
        return call(*outputs)

    return checked


def _require_complex(name, call, outputs):
    """Compare the complex step of `call` with a difference at real outputs."""
    ends = numpy.cumsum([output.size for output in outputs])[:-1]

    def flat(point):
        parts = numpy.split(point, ends)
        return call(*(part.reshape(output.shape) for part, output in zip(parts, outputs)))

    point = numpy.concatenate([output.reshape(-1) for output in outputs])
    direction, size = normal(point.size, Stream(0)), abs(flat(point))
    if not numpy.isfinite(size):
        raise NumpyganError(
            f"check_game: {name} gives {flat(point)} at outputs of D between {point.min():.3g} and "
            f"{point.max():.3g}; expected a finite number for every output of D."
        )
    exact = complex_step(flat, point, direction)
    coarse, fine = (central(flat, point, direction, h) for h in (1e-5, 2.5e-6))
    allowed = 1e-3 * max(abs(exact), abs(fine)) + 1e-8 * size
    if abs(coarse - fine) <= allowed < abs(exact - fine):
        raise NumpyganError(
            f"check_game: {name} drops the imaginary part: its complex step is {exact:.6g}, a "
            f"difference gives {fine:.6g}; replace numpy.abs, .real and norms, for example |a| by "
            f"numpy.where(a.real > 0, a, -a)."
        )
