"""The toy table: a GAN's samples of a Gaussian mixture beside the published vanilla GANs, PacGAN
and the true distribution.
"""

import math

import numpy

from ..arrays import Stream
from ..data.sources import TOYS, Mixture
from .modes import SAMPLES, ceiling, count_modes, jensen_shannon

DRAWS = 100_000  # samples of each G for the JSD, whose bias falls as one over their number
_REAL_DRAWS = 10  # how often the true distribution is sampled for its row

# (name, modes, SE, HQ %, SE, reverse KL, SE), None where not published
_VEEGAN, _PACGAN = "vanilla GAN, VEEGAN paper (5 runs)", "vanilla GAN, PacGAN paper (10 runs)"
PUBLISHED = {
    "ring": (
        (_VEEGAN, 1, None, 99.3, None, None, None),
        (_PACGAN, 6.3, 0.5, 98.2, 0.2, 0.45, 0.09),
        ("PacGAN4, PacGAN paper (10 runs)", 7.8, 0.1, 95.9, None, 0.07, None),
    ),
    "grid": (
        (_VEEGAN, 3.3, None, 0.5, None, None, None),
        (_PACGAN, 17.3, 0.8, 94.8, 0.7, 0.70, 0.07),
        ("PacGAN4, PacGAN paper (10 runs)", 24.8, 0.2, 93.6, None, 0.04, None),
    ),
}


def evaluate(draws, toy):
    """The measures of `draws`, a list of samples (n, d) from one or more generators of the toy, as
    "rows" of evaluation.json.

    A value is the mean over the draws, its standard error (None for one draw) the spread between
    them; `real` is the same measure of ten draws from p_data, as many samples each. Modes, high
    quality and reverse KL are of the first 2,500 samples of a draw, the JSD of all.
    """
    means, std = TOYS[toy]()
    real = [real_draw(toy, len(draws[0]), seed) for seed in range(_REAL_DRAWS)]
    ours, theirs = (
        numpy.array([_measure(samples, means, std) for samples in some]) for some in (draws, real)
    )
    over = f"{len(draws)} generators" if len(draws) > 1 else "one generator"
    few, whole = f"n = {SAMPLES:,}, {over}", f"n = {len(draws[0]):,}, {over}"
    about = (
        (
            "modes found",
            f"of {len(means)}; {few}",
            f"One good sample in {SAMPLES:,} makes a mode found, however rare it is.",
        ),
        (
            "high quality (%)",
            f"within 3σ of the nearest mode; {few}",
            "A generator that only ever made one point could score 100.",
        ),
        (
            "reverse KL over modes (nats)",
            f"KL(p̂ ‖ uniform), p̂ by nearest mode; {few}",
            "It counts a sample for its nearest mode, however far off it is.",
        ),
        (
            "JSD to p_data (nats)",
            f"over cells cut at −3, −2, …, 3 σ about the modes; {whole}",
            "It is a lower bound: differences within a cell are not seen.",
        ),
    )
    return [
        {
            "metric": metric,
            "value": float(column.mean()),
            "se": _standard_error(column),
            "real": float(truth.mean()),
            "real_se": _standard_error(truth),
            "detail": detail,
            "caveat": caveat,
        }
        for (metric, detail, caveat), column, truth in zip(about, ours.T, theirs.T)
    ]


def table(rows, toy):
    """The rows beside the published numbers, as lines of text."""
    means, _ = TOYS[toy]()
    header = ("modes of " + str(len(means)), "HQ %", "reverse KL", "JSD")
    lines = [f"{toy + ': mean ± SE':40}" + "".join(f"{name:>18}" for name in header)]
    lines.append(_line("this GAN", [(row["value"], row["se"]) for row in rows]))
    lines.append(
        _line(
            "the true distribution, sampled alike", [(row["real"], row["real_se"]) for row in rows]
        )
    )
    for name, *cells in PUBLISHED.get(toy, ()):
        lines.append(_line(name, [*zip(cells[::2], cells[1::2]), (None, None)]))
    lines.append("")
    lines.append(
        f"HQ: within 3σ of the nearest mode; of well separated modes p_data has "
        f"{100 * ceiling(means.shape[1]):.2f} %."
    )
    lines += [f"{row['metric']}: {row['detail']}. {row['caveat']}" for row in rows]
    return lines


def real_draw(toy, n, seed=0):
    """n samples of p_data itself: (n, d), float64."""
    means, std = TOYS[toy]()
    out = numpy.empty((n, means.shape[1]))
    Mixture(means, std, Stream(seed)).minibatch(out)
    return out


def _measure(samples, means, std):
    few = count_modes(samples[:SAMPLES], means, std)
    return few.found, 100 * few.high_quality, few.reverse_kl, jensen_shannon(samples, means, std)


def _standard_error(values):
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None


def _line(name, cells):
    """A line of the table: the decimals of modes, HQ, reverse KL and JSD are fixed, so that columns
    can be compared.
    """
    text = f"  {name:38}"
    for (value, se), decimals in zip(cells, (1, 2, 3, 4)):
        cell = (
            "–"
            if value is None
            else f"{value:.{decimals}f}" + ("" if se is None else f" ± {se:.{decimals}f}")
        )
        text += f"{cell:>18}"
    return text
