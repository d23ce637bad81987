"""The verdict on an analytic derivative, from its comparison with a numerical one."""

from dataclasses import dataclass

import numpy

OK, WRONG, UNINFORMATIVE, AT_A_KINK = "ok", "wrong", "uninformative", "at a kink"


@dataclass(frozen=True)
class Check:
    """The verdict on the gradient of one tensor; str() is a sentence.

    place      the layer, network, function or game
    tensor     what the gradient belongs to: "x", "W", "theta_d", …
    verdict    "ok", "wrong", "uninformative" (the gradient is so small that no mistake would show)
               or "at a kink" (there is no derivative)
    error      max |analytic − numeric| over what was compared, relative to max |gradient|
    tolerance  the largest error that is "ok"
    checked    how many numbers were compared: entries, and sums along random directions
    size       the number of entries of the tensor
    index      the entry with the largest error; None: a random direction
    analytic   what backward gives there
    numeric    what the numerical derivative is there
    hint       the pattern of the mistake, where one is known
    """

    place: str
    tensor: str
    verdict: str
    error: float
    tolerance: float
    checked: int
    size: int
    index: tuple | None = None
    analytic: float = float("nan")
    numeric: float = float("nan")
    hint: str = ""

    @property
    def passed(self):
        """Whether the verdict is "ok"."""
        return self.verdict == OK

    def __str__(self):
        text = f"{self.place}: {self.tensor} is {self.verdict}"
        if self.verdict == WRONG and not numpy.isnan([self.analytic, self.numeric]).all():
            at = "along a random direction" if self.index is None else f"at {list(self.index)}"
            ratio = f"{self.analytic / self.numeric:.6g}" if self.numeric else "–"
            what = next((w for w in ("jvp", "hvp") if self.place.endswith(f", {w}")), "backward")
            text += (
                f" {at}: {what} gives {self.analytic:.10g}, the oracle {self.numeric:.10g}, "
                f"ratio {ratio}"
            )
        return text + (f" ({self.hint})" if self.hint else "")


def judge(
    place,
    tensor,
    analytic,
    numeric,
    *,
    shape,
    indices,
    largest,
    tolerance,
    off=0.0,
    floor=0.0,
    rows=1,
):
    """The Check of numbers compared at `indices` of a tensor (None: along random directions).

    largest    max |gradient| of the tensor, analytic or numeric
    tolerance  the agreement required, relative to `largest`
    off        the error of each numerical derivative, which is allowed besides
    floor      the oracle can't distinguish smaller gradients from 0
    rows       of the input, to name a missing 1/m
    """
    size = int(numpy.prod(shape))
    base = {
        "place": place,
        "tensor": tensor,
        "tolerance": tolerance,
        "checked": len(analytic),
        "size": size,
    }
    if not largest > floor:
        hint = f"the gradient is nowhere above {floor:.1g}, so a wrong one would look the same"
        return Check(verdict=UNINFORMATIVE, error=0.0, hint=hint, **base)
    with numpy.errstate(invalid="ignore"):
        difference = numpy.maximum(numpy.abs(analytic - numeric) - off, 0.0)
    difference[~numpy.isfinite(difference)] = numpy.inf
    worst = int(numpy.argmax(difference))
    error = float(numpy.max(difference) / largest)
    good = error <= tolerance
    hint = "" if good else known_pattern(analytic, numeric, shape, indices, rows)
    return Check(
        verdict=OK if good else WRONG,
        error=error,
        index=indices[worst],
        analytic=float(analytic[worst]),
        numeric=float(numeric[worst]),
        hint=hint,
        **base,
    )


def judge_all(place, tensor, found, expected, largest, tolerance):
    """The Check of every number of a vector."""
    indices = [(i,) for i in range(found.size)]
    return judge(
        place,
        tensor,
        found,
        expected,
        shape=found.shape,
        indices=indices,
        largest=largest,
        tolerance=tolerance,
    )


def known_pattern(analytic, numeric, shape, indices, rows):
    """A known pattern of a wrong gradient, in words: a factor, a sign, a transposition."""
    if not numpy.isfinite(analytic).all():
        return "backward gives values that are not finite"
    if not numpy.isfinite(numeric).all():
        return "forward gives values that are not finite"
    if not analytic.any():
        return "backward gives nothing but zeros"
    big = numpy.abs(numeric) > 0.01 * numpy.abs(numeric).max()
    ratio = analytic[big] / numeric[big]
    if big.any() and _everywhere(ratio[0], analytic, numeric):
        names = {
            -1.0: "the sign is turned",
            2.0: "a factor of 2 too large",
            0.5: "a factor of ½ too small",
        }
        if rows > 2:
            names |= {rows: f"missing 1/m, m = {rows}", 1 / rows: f"1/m too often, m = {rows}"}
        if abs(ratio[0] - 1) < 1e-6:
            return "right but for its last digits: is a small difference of large numbers taken?"
        for value, name in names.items():
            if abs(ratio[0] - value) < 1e-6 * abs(value):
                return name
        return f"everywhere {ratio[0]:.6g} times what it should be"
    square = len(shape) == 2 and shape[0] == shape[1] and len(indices) == numpy.prod(shape)
    if square and numpy.allclose(
        analytic.reshape(shape), numeric.reshape(shape).T, rtol=1e-6, atol=1e-12
    ):
        return "transposed"
    return ""


def _everywhere(factor, analytic, numeric):
    """Whether `analytic` is `factor` times `numeric`, where the gradient is small or 0, too."""
    largest = numpy.abs(numeric).max()
    return numpy.abs(analytic - factor * numeric).max() <= 1e-6 * abs(factor) * largest
