"""Which ε should a numerical derivative have? The error of four formulas against their step."""

import numpy

from ..check.steps import errors
from .plot import AMBER, BLUE, GREEN, GREY, ORANGE, saved_figure

_STYLES = {
    "forward": (ORANGE, ":"),
    "central": (AMBER, "--"),
    "five-point": (BLUE, "-."),
    "complex step": (GREEN, "-"),
}


def save_step_plot(path):
    """Write the plot of the error against the step, for float32 and float64, to a .png file."""
    with saved_figure(path, 10, 4, 2) as (figure, both):
        for axes, dtype, smallest in zip(both, ("float32", "float64"), (-20, -30)):
            steps = numpy.logspace(0, smallest, 4 * -smallest + 1)
            floor = numpy.finfo(dtype).eps
            for name, values in errors(dtype, steps).items():
                colour, line = _STYLES[name]
                values = numpy.maximum(values, floor / 50)
                axes.loglog(steps, values, color=colour, linestyle=line, label=name)
            axes.axhline(floor, color=GREY, linewidth=0.8)
            axes.text(steps[-1], floor * 1.3, "machine ε", color=GREY, fontsize=8)
            axes.set(xlabel="step h", ylabel="relative error", title=dtype, ylim=(floor / 100, 10))
            axes.set_xlim(1.0, steps[-1])
        both[0].legend(frameon=False, loc="center right")
        figure.suptitle(
            "Error of a numerical derivative: differences cancel, the complex step does not"
        )
