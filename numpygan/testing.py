"""Gradient checks for tests: an assertion that prints a verdict, and inputs for Hypothesis."""

from .arrays import Stream, normal
from .check.layer_check import gradcheck
from .check.result import Report
from .errors import NumpyganError
from .numbers import whole


def assert_gradients(*arguments, **options) -> Report:
    """`ng.gradcheck(*arguments, **options)`, whose failure is an AssertionError with the verdict.

    Returns the Report if every check is ok. Raises NumpyganError as gradcheck does.

    >>> def test_sin():  # pytest finds and calls it
    ...     x = numpy.array([1.0, 2.0])
    ...     ng.testing.assert_gradients(numpy.sin, lambda gy, x: gy * numpy.cos(x), x)
    >>> test_sin()
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    report = gradcheck(*arguments, **options)
    if not report.passed:
        raise AssertionError("\n" + str(report))
    return report


def inputs(*shapes: str, most: int = 6, dtype: str = "float64"):
    """A Hypothesis strategy for a tuple of arrays, one for each shape: `inputs("m n", "n k", "")`.

    Each letter is a size from 1 to `most`, the same wherever it stands. The values are of many
    sizes and both signs, and no two are equal, so that max and sort have no ties.
    Raises NumpyganError if Hypothesis is not installed.

    >>> from hypothesis import given
    >>> @given(ng.testing.inputs("m n", "n"))
    ... def test_shapes(arrays):
    ...     x, w = arrays
    ...     assert (x @ w).shape == x.shape[:1]
    >>> test_shapes()
    """
    try:
        from hypothesis import strategies
    except ImportError:
        raise NumpyganError(
            "testing.inputs: Hypothesis is not installed; install it with `pip install hypothesis`."
        ) from None
    if not shapes or not all(isinstance(shape, str) for shape in shapes):
        got = next((repr(shape) for shape in shapes if not isinstance(shape, str)), "nothing")
        raise NumpyganError(f"testing.inputs: expected shapes such as 'm n', got {got}.")
    named = [letter for shape in shapes for letter in shape.split()]
    odd = next((letter for letter in named if not letter.isidentifier()), None)
    if odd:
        raise NumpyganError(
            f"testing.inputs: {odd!r} is no name of a size; expected names with blanks between "
            f"them, such as 'm n'."
        )
    if str(dtype) not in ("float32", "float64"):
        raise NumpyganError(f"testing.inputs: dtype must be float32 or float64, got {dtype!r}.")
    most = whole("testing.inputs: most", most)
    letters = sorted(set(named))

    @strategies.composite
    def arrays(draw):
        size = {letter: draw(strategies.integers(1, most), label=letter) for letter in letters}
        stream = Stream(draw(strategies.integers(0, 2**32 - 1), label="seed of the values"))
        largest = draw(strategies.sampled_from([1.0, 0.01, 10.0]), label="size of the values")
        return tuple(
            (largest * normal([size[letter] for letter in shape.split()], stream)).astype(dtype)
            for shape in shapes
        )

    return arrays()
