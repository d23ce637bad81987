"""The toy table: samples of a GAN beside published GANs and samples of the true distribution."""

import math
from functools import cache

import numpy

from ..arrays import Stream
from ..data.sources import TOYS, Mixture
from ..errors import Diverged
from ..gan.sampling import sample
from ..tables import as_text, with_error, wrapped
from .modes import SAMPLES, ceiling, count_modes, jensen_shannon
from .parzen import check_samples, measurable
from .transport import wasserstein2

DRAWS = 100_000  # samples of each G for the JSD; its bias is proportional to 1/DRAWS
_REAL_DRAWS = 10  # samples of the true distribution for its row
_DECIMALS = 1, 2, 3, 4, 3  # decimals of the five measures
PAIRED = 1_000  # samples for W2, whose time grows with their cube

# (name, modes, SE, HQ %, SE, reverse KL, SE), None where not published
_VEEGAN, _PACGAN = "GAN, VEEGAN paper, 5 runs", "GAN, PacGAN paper, 10 runs"
PUBLISHED = {
    "ring": (
        (_VEEGAN, 1, None, 99.3, None, None, None),
        (_PACGAN, 6.3, 0.5, 98.2, 0.2, 0.45, 0.09),
        ("PacGAN4, PacGAN, 10 runs", 7.8, 0.1, 95.9, None, 0.07, None),
    ),
    "grid": (
        (_VEEGAN, 3.3, None, 0.5, None, None, None),
        (_PACGAN, 17.3, 0.8, 94.8, 0.7, 0.70, 0.07),
        ("PacGAN4, PacGAN, 10 runs", 24.8, 0.2, 93.6, None, 0.04, None),
    ),
}


def evaluate(draws, toy):
    """The measures of `draws`, as "rows" of evaluation.json.

    draws  a list of samples (n, d), from one or more generators of the toy
    A value is the mean over the draws, its standard error their spread (None for one draw). `real`
    is the same measure for ten samples of p_data of the same size. Modes, high quality and reverse
    KL use the first 2,500 samples of a draw, W2 the first 1,000, the JSD all of them. Without SciPy
    the numbers of W2 are None. With several draws "each" has the value of each of them.
    """
    means, _ = TOYS[toy]()
    ours = numpy.array([_measure(samples, toy) for samples in draws])
    theirs = real_row(toy, len(draws[0]))
    over = f"{len(draws)} generators" if len(draws) > 1 else "one generator"
    few, whole = f"n = {SAMPLES:,}, {over}", f"n = {len(draws[0]):,}, {over}"
    pairs = min(PAIRED, len(draws[0]))
    paired = f"exact, by assignment to samples of p_data; n = {pairs:,} of each, {over}"
    if numpy.isnan(ours).any():
        paired = "needs SciPy, which is not installed: `pip install scipy`"
    details = {
        "modes found": f"of {len(means)}; {few}",
        "high quality (%)": f"within 3σ of the nearest mode; {few}",
        "reverse KL over modes (nats)": f"KL(p̂ ‖ uniform), p̂ by nearest mode; {few}",
        "JSD to p_data (nats)": f"over cells cut at −3, −2, …, 3 σ around the modes; {whole}",
        "2-Wasserstein distance to p_data": paired,
    }
    caveats = (
        f"One high-quality sample in {SAMPLES:,} is enough for a mode to count as found.",
        "A generator of a single point can score 100.",
        "Every sample counts for its nearest mode, even if it is far away.",
        "It is a lower bound: differences within a cell are not seen.",
        "Two samples of p_data do not have 0, as their modes have different counts.",
    )
    return [
        {
            "metric": metric,
            "value": _mean(column),
            "se": _standard_error(column),
            "real": _mean(truth),
            "real_se": _standard_error(truth),
            "detail": detail,
            "caveat": caveat,
        }
        | ({"each": [_mean(value) for value in column]} if len(draws) > 1 else {})
        for (metric, detail), caveat, column, truth in zip(
            details.items(), caveats, ours.T, theirs.T
        )
    ]


def table(rows, toy):
    """Lines of text: the rows beside the published numbers."""
    means, _ = TOYS[toy]()
    header = f"modes of {len(means)}", "HQ %", "reverse KL", "JSD", "W2"
    ours = [(row["value"], row["se"]) for row in rows]
    real = [(row["real"], row["real_se"]) for row in rows]
    cells = [_line("this GAN", ours), _line("the true distribution", real)]
    for name, *numbers in PUBLISHED.get(toy, ()):
        cells.append(_line(name, [*zip(numbers[::2], numbers[1::2]), (None, None), (None, None)]))
    lines = as_text([f"{toy}: mean ± SE", *header], cells).splitlines()
    best = 100 * ceiling(means.shape[1])
    lines += ["", f"HQ: within 3σ of the nearest mode; p_data has {best:.2f} % if modes lie apart."]
    for row in rows:
        lines += wrapped(f"{row['metric']}: {row['detail']}. {row['caveat']}", 2)
    return lines


def spread(rows, toy, seeds):
    """Lines of text: the distribution of each measure over the `seeds`, by the rows' "each".

    The worst seed has the fewest modes, the least high quality, or the largest other measure.
    """
    cells = []
    for (index, row), decimals in zip(enumerate(rows), _DECIMALS):
        values = row["each"]
        if None in values:
            cells.append([row["metric"], *"–" * 6])
            continue
        worst = seeds[numpy.argmin(values) if index < 2 else numpy.argmax(values)]
        five = numpy.quantile(values, (0, 0.1, 0.5, 0.9, 1))
        cells.append([row["metric"], *(f"{value:.{decimals}f}" for value in five), str(worst)])
    modes, found = len(TOYS[toy]()[0]), rows[0]["each"]
    header = f"over {len(found)} seeds", "least", "10 %", "median", "90 %", "largest", "worst seed"
    lost = [f"{seed} ({count:.0f})" for seed, count in zip(seeds, found) if count < modes]
    line = f"All {modes} modes: {len(found) - len(lost)} of {len(found)} seeds."
    if lost:
        line += f" Not all: {', '.join(lost)}."
    return [*as_text(header, cells).splitlines(), line]


def real_draw(toy, n, seed=0):
    """n samples of p_data: (n, d), float64."""
    means, std = TOYS[toy]()
    out = numpy.empty((n, means.shape[1]))
    Mixture(means, std, Stream(seed)).minibatch(out)
    return out


@cache
def real_row(toy, n):
    """The measures of ten samples of p_data, of n each: (10, measures)."""
    return numpy.array([_measure(real_draw(toy, n, seed), toy) for seed in range(_REAL_DRAWS)])


def score(G, recipe):
    """The measures that a sweep shows, by name: modes, HQ in % and JSD of samples of G.

    Raises Diverged if the samples are not finite or too large to be measured.
    """
    samples = sample(G, recipe.noise, DRAWS, Stream(0))
    if not measurable(samples).all():
        raise Diverged(
            "training diverged: samples of G are NaN, infinite or beyond 1e30; try smaller "
            "learning rates or momentum."
        )
    modes, good, _, jsd = _protocol(samples, recipe.data)
    return {"modes": modes, "HQ": good, "JSD": jsd}


def _protocol(samples, toy):
    means, std = TOYS[toy]()
    check_samples(samples, means.shape[1])
    few = count_modes(samples[:SAMPLES], means, std)
    jsd = jensen_shannon(samples, means, std)
    return few.found, 100 * few.high_quality, few.reverse_kl, jsd


def _measure(samples, toy):
    protocol = _protocol(samples, toy)
    try:
        few = samples[:PAIRED]
        w2 = wasserstein2(few, real_draw(toy, len(few), _REAL_DRAWS))
    except ImportError:
        w2 = math.nan
    return *protocol, w2


def _mean(values):
    mean = float(numpy.mean(values))
    return None if math.isnan(mean) else mean


def _standard_error(values):
    if len(values) < 2 or numpy.isnan(values).any():
        return None
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def _line(name, pairs):
    """The cells of a line of the table; each column has a fixed number of decimals."""
    return [name, *(with_error(*pair, decimals) for pair, decimals in zip(pairs, _DECIMALS))]
