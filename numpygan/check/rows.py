"""Inputs with one row and with many, along each axis on which rows may lie."""

from dataclasses import dataclass

import numpy

from ..arrays import uniform

MANY = 17  # rows: more than a block of 4, 8 or 16 rows
MOST = 5  # sets of axes to try


@dataclass(frozen=True)
class Rows:
    """Inputs of another number of rows.

    axes   the (leaf, axis) that are changed
    first  whether they are the rows of the first input to differentiate
    sure   False if it was guessed that they belong together, by their length
    """

    label: str
    values: tuple
    axes: tuple
    first: bool
    sure: bool

    def twice(self, given, free):
        """The values given, with the first index also last; None if no index is repeated here."""
        new = list(given)
        for i, axis in self.axes:
            value = self.values[i]
            if i not in free and value.dtype.kind in "iu":
                if not numpy.diff(numpy.sort(value, axis), axis=axis).all():
                    order = numpy.arange(given[i].shape[axis])
                    order[-1] = 0
                    new[i] = given[i].take(order, axis)
        return None if all(a is b for a, b in zip(new, given)) else tuple(new)


def other_rows(values, free, stream, domain):
    """Rows for each set of axes that are equally long, first many, then one.

    The rows of x and a bias may be equally long by chance. So the rows of the first input to
    differentiate are tried without such inputs, too. A guess is not called a mistake if the
    function refuses it or if backward gives a gradient of another shape.
    """
    arrays = {i: v for i, v in enumerate(values) if isinstance(v, numpy.ndarray) and v.ndim}
    every = {}
    for depth in range(max((v.ndim for v in arrays.values()), default=0)):
        for i, v in arrays.items():
            if depth < v.ndim:
                every.setdefault(v.shape[depth], []).append((i, depth))
    every = {n: sorted(axes) for n, axes in every.items() if not _offsets(arrays, free, n, axes)}
    first = next((i for i in free if i in arrays), None)
    sets = []
    if first is not None and len(values[first]) in every:
        m = len(values[first])
        long = [(i, 0) for i, v in arrays.items() if len(v) == m]
        alike = [(i, 0) for i, _ in long if i not in free or values[i].shape == values[first].shape]
        sets = [(axes, True) for axes in ([long] if alike == long else [alike, long])]
    sets += [(axes, False) for axes in every.values() if axes not in [one for one, _ in sets]]
    for axes, mine in sets[:MOST]:
        i, axis = axes[0]
        m = values[i].shape[axis]
        many = max(MANY, m + 3)
        many += (many - m) % 2 == 0  # a median takes other branches for even and odd numbers
        apart = not any(i in free for i, _ in axes) and all(axis == 0 for _, axis in axes)
        alone = mine and sum(also for _, also in sets) == 1
        sure = axes == every.get(m) and (alone or apart)
        for label, rows in (("many rows", many), ("one row", 1)):
            if any(axis for _, axis in axes):
                label = f"length {m} changed to {rows}"
            if rows != m:
                new = list(values)
                for i, axis in axes:
                    changes = (stream, *domain[i]) if i in free else None
                    new[i] = _resized(new[i], axis, rows, changes)
                yield Rows(label, tuple(new), tuple(axes), mine, sure)


def _offsets(arrays, free, n, axes):
    """Whether integers say where parts of `n` numbers begin, as in a sparse matrix."""
    for i, v in arrays.items():
        if i not in free and v.dtype.kind in "iu" and v.ndim == 1 and len(v) > 1:
            begins = v[0] == 0 and (numpy.diff(v) >= 0).all() and v[-1] in (n, len(v))
            if begins and ((i, 0) in axes or v[-1] == n):
                return True
    return False


def _resized(value, axis, rows, changes):
    """`value` with `rows` rows along `axis`; `changes` (stream, low, high) varies repeated rows."""
    value, m = numpy.moveaxis(value, axis, 0), value.shape[axis]
    new = numpy.resize(value, (rows, *value.shape[1:]))
    if changes:
        (stream, low, high), more = changes, new[m:]
        noise = more * uniform(more.shape, 0.8, 1.2, stream).astype(new.dtype)  # no two are alike
        new[m:] = numpy.where((noise > low) & (noise < high), noise, more)
    elif value.dtype.kind in "iu" and (numpy.sort(value, 0).T == numpy.arange(m)).all():
        new[m:] = numpy.arange(m, max(m, rows)).reshape(-1, *[1] * (value.ndim - 1))
        new = new.argsort(0).argsort(0).astype(new.dtype)  # permutations stay permutations
    elif value.dtype.kind in "iu" and (numpy.diff(value, axis=0) >= 0).all():
        new = numpy.sort(new, 0)
    return numpy.ascontiguousarray(numpy.moveaxis(new, 0, axis))
