"""How much of a gap between two derivatives is rounding, of the function or of its backward.

A function may take a small difference of large numbers, sin x/x near 0 for example. Its derivative,
by the complex step or by hand, then loses digits, though its formula is right.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy

from ..arrays import normal, uniform
from .oracles import central, complex_step
from .problem import Problem, Skipped, code_of_the_user, scalar_of

TRIES, ULPS = 8, 4
SAFETY = 8  # rounding may be this many times the largest change that is seen
LARGEST = 1e-2  # of max |gradient|: where more is rounding, the derivative is hidden
APART = 3e-2  # relative change of the inputs after which rounding is another
_LEAST = 2e-12  # of max |gradient| in float64: less is never called a mistake
_NEARBY = 1e-5  # relative change of the inputs that shows how much rounding of them matters
_UNUSUAL = 1e3  # a change this many times the derivative may be the jump at a tie
# In long double a gap of rounding is at least this many times smaller. If long double has no more
# digits than float64, the gap stays and does not count as rounding.
LONGER = 5
_STEP_LOSES = 1e-6  # of max |gradient|: the most that the complex step may lose


@dataclass(frozen=True)
class Comparison:
    """Derivatives by leaf i at one point along `lines`, by backward and by an oracle.

    oracle   "complex" or "five-point"
    off      the error of each numerical derivative
    largest  max |gradient|
    """

    problem: Problem
    point: object
    values: list
    i: int
    gys: list
    oracle: str
    lines: list
    lengths: numpy.ndarray
    analytic: numpy.ndarray
    numeric: numpy.ndarray
    off: numpy.ndarray
    largest: float

    @property
    def units(self):
        directions = numpy.array([line.direction for line in self.lines])
        return directions / self.lengths[:, None]

    def repeats(self):
        """Whether backward gives the same gradient again."""
        if not numpy.isfinite(self.analytic).all():
            return True
        again = self.units @ self._gradient(self.point.laid(), self.gys)
        near = 64 * numpy.finfo(self.problem.dtype).eps * self.largest
        return numpy.allclose(again, self.analytic, rtol=0, atol=near)

    def smooth_where_infinite(self, clear):
        """Whether f has a derivative along a line where backward's is not finite, if there is one.

        Else the inputs lie where the gradient has no value: an infinite slope, or beyond an edge.
        """
        lines = numpy.flatnonzero(clear & ~numpy.isfinite(self.analytic))
        found = [self.lines[k].five_point() for k in lines]
        return not found or any(off <= 1e-3 * abs(value) for value, off in found)

    def crossed(self, gap):
        """The lines whose gap comes from a difference across a kink: short ones have no gap."""
        found = []
        for k in numpy.flatnonzero(gap):
            value, off = self.lines[k].shorter()
            off, missing = off / self.lengths[k], value / self.lengths[k] - self.analytic[k]
            if abs(missing) <= off <= 0.1 * gap[k]:
                found.append(k)
        return found

    def rounding(self, gap, single):
        """A bound of the rounding if it explains every gap that is not 0, else 0.

        single   whether float32 is in use. Then, at inputs that the user has not given, raises
                 Skipped if backward is right in float64
        """
        bound = self._noise(gap)
        if self.oracle == "complex" and not bound:
            bound = max(self._of_the_step(gap), self._hidden())
        if self.oracle == "complex" and not single and gap.max() > bound:
            bound = max(bound, self._in_long_double(gap))
        bound = max(bound, 0.0 if single else _LEAST * self.largest)
        if gap.max() <= bound:
            return bound
        if single and self.point.other and self._right_in_float64():
            raise Skipped("rounding in float32 hides the derivative")
        return 0.0

    def _noise(self, gap):
        """The rounding seen between inputs a few ulps apart; 0 if it explains too little."""
        order, bounds = numpy.argsort(gap)[::-1][: numpy.count_nonzero(gap)], [0.0]
        for chosen in (order[:1], order[1:]):  # the worst one alone is seldom explained
            seen = numpy.zeros(len(chosen))
            for _ in range(TRIES):
                try:
                    seen = numpy.fmax(seen, self._changes(chosen))
                except Skipped:  # function or backward refuses the other inputs
                    return 0.0
            if not (gap[chosen] <= SAFETY * seen).all():
                return 0.0
            bounds.append(SAFETY * seen.max(initial=0.0))
        return float(max(bounds))

    def _changes(self, chosen):
        """|changes| of the derivatives along some lines when the inputs move by a few ulps."""
        units = self.units[chosen]
        near = replace(self.point, values=tuple(self._near())).laid()
        changes = abs(units @ self._gradient(near, self.gys) - self.analytic[chosen])
        if self.oracle == "complex":
            near = self._near(dtype="float64")
            f = scalar_of(self.problem, near, self.i, self.gys, "complex128")
            point = near[self.i].reshape(-1)
            there = [complex_step(f, point, unit) for unit in units]
            changes += abs(numpy.array(there) - self.numeric[chosen])
        return changes

    def _near(self, change=None, dtype=None):
        """The values, each moved by at most this relative change; by default ULPS roundings."""
        near = list(self.values)
        for j in self.problem.free:
            value = near[j].astype(dtype or near[j].dtype)
            most = change or ULPS * numpy.finfo(value.dtype).eps
            moves = uniform(value.shape, -most, most, self.problem.stream)
            near[j] = (value * (1 + moves)).astype(value.dtype)
        return near

    def _gradient(self, values, gys):
        """Backward's gradient of the leaf as a vector."""
        gys = [self.point.laid_out(gy)[()] for gy in gys]
        with code_of_the_user():
            found = self.problem.backward(values)(gys)[self.problem.free.index(self.i)]
        return numpy.asarray(found, "float64").reshape(-1)

    def _of_the_step(self, gap):
        """The largest gap if five-point differences agree with backward wherever there is a gap."""
        for k in numpy.flatnonzero(gap):
            value, off = self.lines[k].five_point()
            value, off = value / self.lengths[k], off / self.lengths[k]
            if not abs(value - self.analytic[k]) <= off <= _STEP_LOSES * self.largest:
                return 0.0
        return float(gap.max())

    def _hidden(self):
        """The rounding seen between the function's values in complex numbers and in float64.

        A matrix is factorized by other routines in complex numbers than in float64. If it is badly
        conditioned, their results differ by the rounding that this function looks for.
        """
        problem = self.problem
        f = scalar_of(problem, self.values, self.i, self.gys, "complex128")
        for line in self.lines[-8:]:
            point = line.point + 1e-3 * line.direction
            problem.hidden = max(problem.hidden, abs(f(point).real - line.f(point)) / line.size)
        return 32 * self.largest * problem.hidden

    def _in_long_double(self, gap):
        """The largest gap if long double shows it to be rounding; the gap of a mistake stays."""
        problem, long, chosen = self.problem, numpy.longdouble, numpy.flatnonzero(gap)
        values = problem.cast(self.values, long)
        try:
            laid = replace(self.point, values=tuple(values)).laid()
            g = self._gradient(laid, [gy.astype(long) for gy in self.gys])
            f = scalar_of(problem, values, self.i, self.gys, numpy.clongdouble)
            point, units = values[self.i].reshape(-1), self.units[chosen]
            left = abs(units @ g - numpy.array([complex_step(f, point, unit) for unit in units]))
        except Skipped:  # the code does not take long double; numpy.linalg, for example, does not
            return 0.0
        if not (left <= gap.max() / LONGER).all():
            return 0.0
        if gap.max() > LARGEST * self.largest:  # these inputs are left out then
            return float(gap.max())
        factor = g.size > 2 and is_a_factor(self.analytic, self.numeric)
        tries = [self._gaps_nearby(chosen) for _ in range(TRIES)]
        return float(gap.max()) if vanishes_as_rounding(left, gap, tries, factor) else 0.0

    def _gaps_nearby(self, chosen):
        """Backward − the complex step along some lines, at other inputs near by."""
        near = self._near(APART)
        try:
            f = scalar_of(self.problem, near, self.i, self.gys, "complex128")
            point, units = near[self.i].reshape(-1), self.units[chosen]
            exact = numpy.array([complex_step(f, point, unit) for unit in units])
            laid = replace(self.point, values=tuple(near)).laid()
            return units @ self._gradient(laid, self.gys) - exact
        except Skipped:  # the code does not take these inputs
            return numpy.full(len(chosen), numpy.nan)

    def _right_in_float64(self):
        double = self.problem.cast(self.values, "float64")
        g = self._gradient(double, [gy.astype("float64") for gy in self.gys])
        return abs(self.units @ g - self.numeric).max() <= _STEP_LOSES * self.largest


def vanishes_as_rounding(left, gap, tries, factor):
    """Whether gaps of which only `left` is left in long double are of rounding.

    tries   gaps at other inputs near by
    factor  whether all derivatives are off by one factor
    A mistake that depends on the dtype shrinks in long double, too: the square root of its ε in a
    denominator, by 45. But near by its gap is nearly the same, where rounding has another. It is
    the same only where all digits are lost, as in cos x − 1 near 0; then long double has them.
    """
    tries = numpy.array([one for one in tries if numpy.isfinite(one).all()])
    if len(tries) < 4:
        return True
    erratic = tries.std(0) >= 0.3 * abs(tries.mean(0))
    regained = (left <= gap.max() / 200) & (not factor)
    return bool((erratic | regained).all())


def is_a_factor(analytic, numeric):
    """Whether analytic = c · numeric with one c ≠ 1 for all."""
    gap, known = analytic - numeric, numpy.isfinite(analytic) & numpy.isfinite(numeric)
    gap, numeric = gap[known].ravel(), numeric[known].ravel()
    rest = gap - numeric * (gap @ numeric) / (numeric @ numeric or 1.0)
    return abs(rest).max(initial=0.0) <= 1e-2 * abs(gap).max(initial=0.0)


def sensitivity_of(problem, values, i, gys, oracle, lines, numeric, lengths, clear):
    """The change of the derivative per relative change of the inputs, measured nearby.

    clear   the lines along which it has a derivative here
    """
    signs = [normal(numpy.shape(value), problem.stream) for value in [*values, *gys]]
    chosen = numpy.flatnonzero(clear)
    chosen = chosen[numpy.linspace(0, len(chosen) - 1, min(6, len(chosen))).astype(int)]
    kind = "complex128" if oracle == "complex" else "float64"

    def derivatives(change):
        near = [
            value * (1 + change * sign) if j in problem.free else value
            for j, (value, sign) in enumerate(zip(values, signs))
        ]
        other = [gy * (1 + change * sign) for gy, sign in zip(gys, signs[len(values) :])]
        f = scalar_of(problem, near, i, gys if problem.form.scalar else other, kind)
        base = near[i].astype("float64").reshape(-1)
        difference = complex_step if oracle == "complex" else partial(central, h=1e-4)
        found = [difference(f, base, lines[k].direction) for k in chosen]
        return numpy.array(found) / lengths[chosen]

    def largest(changes):
        return float(changes[numpy.isfinite(changes)].max(initial=0.0))

    there = derivatives(_NEARBY)
    changes = abs(there - numeric[chosen]) / _NEARBY
    if largest(changes) > _UNUSUAL * largest(abs(numeric)):  # is it the jump at a tie?
        smooth = numpy.array([not lines[k].at_a_kink(0.0) for k in chosen])
        closer = abs(there - derivatives(_NEARBY / 2)) / (_NEARBY / 2)
        changes = numpy.fmin(changes, closer)[smooth]
    return largest(changes)
