"""The picture that ends the "which epsilon" discussions: error of a numerical derivative against its step."""

import numpy

from ..check.steps import errors
from ..files import write_whole
from .pictures import new_figure

_STYLES = {
    "forward": ("#d55e00", ":"), "central": ("#e69f00", "--"), "five-point": ("#0072b2", "-."), "complex step": ("#009e73", "-"),
}  # fmt: skip


def save_step_plot(path):
    """Write the plot of error against step for float32 and float64 to a .png file."""
    figure, both = new_figure(10, 4, 2)
    for axes, dtype, smallest in zip(both, ("float32", "float64"), (-20, -30)):
        steps = numpy.logspace(0, smallest, 4 * -smallest + 1)
        floor = numpy.finfo(dtype).eps
        for name, values in errors(dtype, steps).items():
            colour, line = _STYLES[name]
            axes.loglog(steps, numpy.maximum(values, floor / 50), color=colour, linestyle=line, label=name)
        axes.axhline(floor, color="#777777", linewidth=0.8)
        axes.text(steps[-1], floor * 1.3, "machine ε", color="#777777", fontsize=8)
        axes.set(xlabel="step h", ylabel="relative error", title=dtype, ylim=(floor / 100, 10))
        axes.set_xlim(1.0, steps[-1])
    both[0].legend(frameon=False, loc="center right")
    figure.suptitle("Error of a numerical derivative: differences cancel, the complex step does not")
    write_whole(path, lambda file: figure.savefig(file, format="png"))
