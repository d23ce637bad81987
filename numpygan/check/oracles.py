"""Numerical derivatives of a scalar function of a vector; they never use the backward pass.

complex step  f′(p)·u = Im f(p + ihu)/h, h = 1e−30 (Squire and Trapp 1998). There is no difference
              of near-equal numbers, so the error is only the rounding of f: about 1e−16 of
              the derivative. f must be written for complex numbers.
five-point    f′(p)·u ≈ [f(p − 2hu) − 8 f(p − hu) + 8 f(p + hu) − f(p + 2hu)]/12h. The error is
              about ε|f|/h from rounding and h⁴|f⁽⁵⁾|/30 from truncation, so h ≈ ε^(1/5).
"""

import numpy

COMPLEX_STEP = 1e-30
FIVE_POINT_STEP = 1e-3


def complex_step(f, point, direction, h=COMPLEX_STEP):
    """Im f(point + ih·direction)/h, for f of a complex128 vector."""
    return float(numpy.imag(f(point + 1j * (h * direction))) / h)


def five_point(f, point, direction, h=FIVE_POINT_STEP):
    """The five-point central difference of f along `direction`."""
    ahead, behind = f(point + h * direction), f(point - h * direction)
    far_ahead, far_behind = f(point + 2 * h * direction), f(point - 2 * h * direction)
    return float((far_behind - 8 * behind + 8 * ahead - far_ahead) / (12 * h))


def central(f, point, direction, h):
    """The central difference [f(p + hu) − f(p − hu)]/2h."""
    return float((f(point + h * direction) - f(point - h * direction)) / (2 * h))


def forward(f, point, direction, h):
    """The forward difference [f(p + hu) − f(p)]/h."""
    return float((f(point + h * direction) - f(point)) / h)
