"""Charts as SVG text for an HTML page, whose style sheet gives lines and points their colours in
light and dark.

A series is (name, kind, x, y), kind "accent" or "second", the class that the style sheet knows.
"""

import math
from html import escape

import numpy

_WIDTH, _HEIGHT = 360, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 8, 10, 40  # the margins around the axes


def line_chart(title, series, xlabel, ylabel, level=None, ylim=None):
    """Lines through (x, y), broken where y is not finite; `level` (name, y) is a dotted line all
    across.
    """
    return _figure(title, series, xlabel, ylabel, _line, level, ylim)


def scatter_chart(title, series, xlabel, ylabel):
    """A dot at each (x, y), on axes with one scale."""
    return _figure(title, series, xlabel, ylabel, _dots, square=True)


def _figure(title, series, xlabel, ylabel, draw, level=None, ylim=None, square=False):
    height = _WIDTH if square else _HEIGHT
    across, up = _WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    xlim = _limits([x for _, _, x, _ in series])
    ylim = ylim or _limits([y for _, _, _, y in series] + ([level[1]] if level else []))
    if square:
        half = max(xlim[1] - xlim[0], (ylim[1] - ylim[0]) * across / up) / 2
        xlim, ylim = _about(xlim, half), _about(ylim, half * up / across)
    at_x = lambda x: _LEFT + across * (numpy.asarray(x) - xlim[0]) / (xlim[1] - xlim[0])
    at_y = lambda y: _TOP + up * (ylim[1] - numpy.asarray(y)) / (ylim[1] - ylim[0])
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    for tick in _ticks(ylim):
        y = at_y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(tick)}</text>'
        )
    for tick in _ticks(xlim):
        parts.append(
            f'<text x="{at_x(tick):.1f}" y="{height - _BOTTOM + 16}" '
            f'text-anchor="middle">{_number(tick)}</text>'
        )
    parts.append(
        f'<text x="{_LEFT + across / 2}" y="{height - 6}" '
        f'text-anchor="middle">{escape(xlabel)}</text>'
    )
    parts.append(
        f'<text transform="translate(11 {_TOP + up / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(ylabel)}</text>'
    )
    keys = []
    for name, kind, x, y in series:
        kind = f"{kind} {'lone' if numpy.size(x) == 1 else draw.__name__[1:]}"
        parts.append(f'<path class="{kind}" d="{draw(at_x(x), at_y(y))}"/>')
        keys.append((name, kind, "M0 4H24" if kind.endswith("line") else "M12 4h0"))
    if level:
        parts.append(f'<path class="level" d="M{_LEFT} {at_y(level[1]):.1f}H{_WIDTH - _RIGHT}"/>')
        keys.append((level[0], "level", "M0 4H24"))
    legend = "".join(
        f'<li><svg class="key" viewBox="0 0 24 8" aria-hidden="true"><path class="{kind}" '
        f'd="{d}"/></svg>{escape(name)}</li>'
        for name, kind, d in keys
    )
    return (
        f"<figure><h3>{escape(title)}</h3>{''.join(parts)}</svg><ul "
        f'class="keys">{legend}</ul></figure>'
    )


def _line(x, y):
    path, drawing = [], False
    for a, b in zip(x, y):
        if math.isfinite(b):
            # h0: a point alone is seen
            path.append(f"{'L' if drawing else 'M'}{a:.1f} {b:.1f}{'' if drawing else 'h0'}")
        drawing = math.isfinite(b)
    return "".join(path)


def _dots(x, y):
    return "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y))


def _limits(arrays):
    values = numpy.concatenate([numpy.ravel(array) for array in arrays])
    values = values[numpy.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    margin = 0.04 * (high - low) or max(0.5, 0.04 * abs(high))
    return low - margin, high + margin


def _about(limits, half):
    middle = (limits[0] + limits[1]) / 2
    return middle - half, middle + half


def _ticks(limits):
    """Multiples of 1, 2 or 5 times a power of ten between the limits, at most six."""
    low, high = limits
    power = 10.0 ** math.floor(math.log10((high - low) / 5))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= (high - low) / 5)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _number(value):
    return f"{0.0 if abs(value) < 1e-12 else value:.6g}".replace("-", "−")
