"""The inputs at which a function is checked: the given ones, and others that reveal errors."""

from dataclasses import dataclass, replace

import numpy

from ..arrays import uniform
from .derivative import scales
from .rows import Rows, other_rows


@dataclass(frozen=True)
class Point:
    """Inputs to try: `values`, one for each leaf; `lay` puts an array into memory another way.

    rows   the Rows, if their number is changed
    same   pairs of leaves that are to be one and the same array
    other  whether its numbers differ from the inputs given; `outside`: whether some have a new sign
    """

    label: str
    values: tuple
    lay: object = None
    rows: Rows | None = None
    same: tuple = ()
    other: bool = False
    outside: bool = False

    def laid(self):
        """Fresh copies of the values, in memory as `lay` says."""
        found = [self.laid_out(value) for value in self.values]
        for first, second in self.same:
            found[second] = found[first]
        return found

    def laid_out(self, value):
        if not isinstance(value, numpy.ndarray):
            return value
        return value.copy() if self.lay is None else self.lay(value)


def points(values, free, stream, domain):
    """The Points for leaves `values`, of which those whose numbers are in `free` may change.

    domain   (low, high) of each free leaf; what would lie outside stays as it is given
    """
    given = Point("as given", tuple(values))

    def changed(label, change):
        new = [change(v).astype(v.dtype) if i in free else v for i, v in enumerate(values)]
        for i in free:
            low, high = domain[i]
            new[i] = numpy.where((new[i] > low) & (new[i] < high), new[i], values[i])
        if all(numpy.array_equal(new[i], values[i]) for i in free):
            return []
        signs = [[{*numpy.sign(v).flat} for v in (new[i], values[i])] for i in free]
        outside = not all(a <= b for a, b in signs)
        return [Point(label, tuple(new), other=True, outside=outside)]

    found = [given]
    found += changed("inputs of many sizes", lambda v: v * 10 ** uniform(v.shape, -2, 1.2, stream))
    found += changed("turned signs", lambda v: -v)
    found += changed("mixed signs", lambda v: v * numpy.sign(uniform(v.shape, -1, 1, stream)))
    found += changed("inputs 1000 times smaller", lambda v: v / 1000)
    found += changed("inputs 3 times larger", lambda v: v * 3)
    found += changed("inputs 8 times larger", lambda v: v * 8)
    found += changed("zeros among the inputs", lambda v: v * (uniform(v.shape, 0, 1, stream) > 0.3))
    # A bias or a penalty of 0 would hide what its value does; products leave it 0.
    found += changed(
        "numbers in place of zeros", lambda v: v if v.any() else uniform(v.shape, -1, 1, stream)
    )
    found += [
        replace(given, label=rows.label, values=rows.values, rows=rows)
        for rows in other_rows(values, free, stream, domain)
    ]
    found += [
        replace(given, label="Fortran order", lay=lambda value: value.copy(order="F")),
        replace(given, label="not contiguous", lay=_spread),
        replace(given, label="read-only", lay=_locked),
    ]
    twins = [(i, j) for i in free for j in free if i < j and _alike(values[i], values[j])][:1]
    if twins:
        new = list(values)
        new[twins[0][1]] = new[twins[0][0]]
        found.append(Point("the same array twice", tuple(new), same=tuple(twins)))
    return found


def moved(point, free, stream, domain):
    """Points beside `point`, which lies at a kink: every number is moved by a tenth or two.

    Up or down by chance, then all up, then all down: one side may be outside the function's domain.
    No point if all inputs are 0, as then their size is not known.
    """
    if not any(numpy.any(point.values[i]) for i in free):
        return
    for low, high in ((-1, 1), (1, 1), (-1, -1)):
        new = list(point.values)
        for i in free:
            signs = numpy.sign(uniform(new[i].shape, low, high, stream))
            steps = signs * uniform(new[i].shape, 0.1, 0.2, stream)
            there = new[i] + scales(new[i]).reshape(new[i].shape) * steps
            new[i] = numpy.clip(there, *domain[i]).astype(new[i].dtype)
        for first, second in point.same:
            new[second] = new[first]
        label = f"{point.label}, moved a little"
        zeros = not all(numpy.all(point.values[i]) for i in free)
        yield replace(point, label=label, values=tuple(new), outside=point.outside or zeros)


def _alike(a, b):
    return numpy.ndim(a) > 0 and a.shape == b.shape and a.dtype == b.dtype


def _spread(value):
    """Every second entry of a longer array, backwards."""
    if not value.ndim:
        return value.copy()
    wide = numpy.full((*value.shape[:-1], 2 * value.shape[-1]), 7, value.dtype)
    view = wide[..., ::-2]
    view[...] = value
    return view


def _locked(value):
    value = value.copy()
    value.flags.writeable = False
    return value
