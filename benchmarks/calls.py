"""How many NumPy calls does an iteration make on average, and what are they?

    python benchmarks/calls.py             (seconds)

Where arrays are small, the calls take the time, not the numbers in them: about half a microsecond
each and more. Counted are ufuncs, operators and reductions included, the functions of NumPy, and
assignments to a part of an array; views and random draws are not.
"""

import sys
from collections import Counter
from unittest import mock

import timing  # before NumPy, see there

import numpy

from numpygan.data.dataset import load_dataset
from numpygan.recipes.builtin import RECIPES
from numpygan.recipes.settings import change
from numpygan.runs.score_sums import AT_ONCE
from numpygan.runs.trainer import Training

NAMES = ("ring", "grid", "gauss1d", "mnist")
MAKERS = ("zeros", "empty", "asarray", "array")  # of the arrays of networks, tapes and data


class Counted(numpy.ndarray):
    """An array that notes in `calls` by name what is computed with it; so do arrays made of it."""

    calls: list[str] = []  # shared by all; append is safe in threads

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        self.calls.append(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}")
        if "out" in options:
            options["out"] = tuple(map(plain, options["out"]))
        options = {name: plain(value) for name, value in options.items()}
        result = getattr(ufunc, method)(*map(plain, inputs), **options)
        return counted(result)

    def __array_function__(self, function, types, arguments, options):
        before = len(self.calls)
        result = super().__array_function__(function, types, arguments, options)
        if len(self.calls) == before:  # otherwise it counts as the ufuncs that it is made of
            self.calls.append(function.__name__)
        return counted(result)

    def __setitem__(self, key, value):
        self.calls.append("assignment")
        plain(self)[key] = plain(value)


def counted(value):
    """The same array, counted."""
    return value.view(Counted) if type(value) is numpy.ndarray else value


def plain(value):
    """The same array, not counted."""
    return value.view(numpy.ndarray) if isinstance(value, Counted) else value


def count(recipe):
    """The NumPy calls of an iteration of `recipe`, {name: number}; the mean of AT_ONCE iterations.

    The scores are computed for AT_ONCE iterations at once. The first ones also reserve memory, so
    the next ones are counted.
    """

    def counting(make):
        return lambda *arguments, **options: counted(make(*arguments, **options))

    makers = {name: counting(getattr(numpy, name)) for name in MAKERS}
    with mock.patch.multiple(numpy, **makers):
        training = Training(recipe, load_dataset(recipe), numpy)
        for _ in range(2):
            Counted.calls.clear()
            for _ in range(AT_ONCE):
                training.advance()
    found = Counter(Counted.calls)
    return Counter({what: n / AT_ONCE for what, n in found.items()})


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=1)
    options = parser.parse_args(arguments)
    found, rows = {}, []
    for name in NAMES:
        # Otherwise one in eight iterations has the calls of the average.
        found[name] = count(change(RECIPES[name], average_every=1))
        most = ", ".join(f"{n:.0f} {what}" for what, n in found[name].most_common(8))
        rows.append([name, f"{found[name].total():.0f}", most])
    print(timing.table(["an iteration of", "NumPy calls", "most of them"], rows))
    timing.save(options.file, {"calls": found})


if __name__ == "__main__":
    sys.exit(main())
