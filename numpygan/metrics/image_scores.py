"""The evaluation of samples against a dataset: every measure beside the same measure of real data,
and the paper's Table 1.
"""

import math

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..ranks import ALONE
from .classifier import CLASSES, Classifier
from .frechet import frechet, histogram_distance, shares
from .memorising import memorising
from .mmd import median_bandwidth, mmd2
from .nearest_neighbour import one_nn
from .pairs import compare, within
from .parzen import FINE, GRID, SAMPLES, VALIDATION, check_samples, parzen
from .prdc import prdc

K = 5  # neighbours of precision, recall, density and coverage
PAIRED = 5_000  # rows of each sample in the measures on two samples
NEAREST = 1_000  # samples whose nearest training example is looked for
MEDIAN = 1_000  # reference rows whose median distance is the kernel's bandwidth

TABLE1 = (
    ("DBN", 138, 2),
    ("Stacked CAE", 121, 1.6),
    ("Deep GSN", 214, 1.1),
    ("Adversarial nets (paper)", 225, 2),
)
_GAMED = (
    "It can be gamed and mis-ranks models (Theis et al. 2016): a value above the real-data "
    "row means gaming, not quality."
)
CAVEATS = {
    "Parzen log-likelihood, authors' grid (nats)": _GAMED,
    "Parzen log-likelihood, fine grid (nats)": _GAMED,
    "MMD²": "It sees what one Gaussian kernel on pixels sees, overall shape and contrast, and "
    "little of a rare mode.",
    "1-NN accuracy": "It tells that samples differ from data, not how: a faint noise that no eye "
    "sees drives it to 1.",
    "Precision": "In pixel space one outlier among the real images has a large ball, in which "
    "anything counts as realistic.",
    "Recall": "Samples scattered far and wide have large balls, so noise raises it.",
    "Density": "It rewards samples that crowd where the real images are densest; above 1 they are "
    "more typical than real ones.",
    "Coverage": "It counts a real image as covered however poor or few the samples in its ball "
    "are.",
    "Fréchet distance": "It is comparable only to itself, not to any published FID: the features "
    "are numpygan's own classifier's, and only their mean and covariance count.",
    "Class histogram, distance": "The classes are the classifier's guesses, and a class counts "
    "however alike its images are.",
    "Distance to nearest training image": "Smaller than the real row can mean blurred or few "
    "kinds of samples as well as copies.",
    "Nearer to training than to held-out": "It finds copies of whole training images, not of "
    "parts or of shifted ones.",
}


class Measures:
    """The measures on two samples, of which one is real: a random half of the test split; `real` is
    the other half.

    n  rows of each;  digits  whether the data are MNIST's images, which the classifier knows
    """

    def __init__(self, dataset, n, seed=0, digits=False):
        self.dataset, self.seed = dataset, seed
        order = Stream(seed).permutation(len(dataset.test))
        self.reference, self.real = (
            as_float(dataset.test[order[:n]]),
            as_float(dataset.test[order[n : 2 * n]]),
        )
        self.sigma = median_bandwidth(self.reference[:MEDIAN])
        self.within = within(self.reference, K, self.sigma)
        self.classifier = Classifier() if digits else None
        if digits:
            self.features, self.classes = self.classifier(self.reference)

    def __call__(self, x):
        """(value, standard error, detail) of the samples x (n, d) by name."""
        pair = compare(x, self.reference, within(x, K, self.sigma), self.within, self.sigma)
        n, stream = f"n = {len(x):,}", Stream(self.seed)
        found = {
            "MMD²": (
                *mmd2(pair),
                f"{n}, Gaussian kernel, σ = {self.sigma:.3f}, the real images' median distance; "
                f"jackknife SE",
            )
        }
        accuracy, generated, real, se = one_nn(pair)
        found["1-NN accuracy"] = (
            accuracy,
            se,
            f"{n}; of samples {generated:.1%}, of real {real:.1%}; ½ if alike",
        )
        for name, (value, se) in prdc(pair, K).items():
            found[name.capitalize()] = value, se, f"{n}, k = {K}"
        if self.classifier:
            features, classes = self.classifier(x)
            distance = frechet(features, self.features, stream)
            found["Fréchet distance"] = (
                *distance,
                f"{n}, {features.shape[1]} features; bootstrap SE",
            )
            percent = " ".join(f"{share:.1%}".rstrip("%") for share in shares(classes, CLASSES))
            distance = histogram_distance(classes, self.classes, CLASSES, stream)
            found["Class histogram, distance"] = (
                *distance,
                f"{n}; total variation, bootstrap SE; % of 0–9: {percent}",
            )
        few = x[:NEAREST]
        distance, nearer = memorising(few, self.dataset.train, self.dataset.validation, stream)
        n = f"n = {len(few):,}"
        found["Distance to nearest training image"] = (
            *distance,
            f"{n}, to {len(self.dataset.train):,}; Euclidean",
        )
        size = min(len(self.dataset.train), len(self.dataset.validation))
        found["Nearer to training than to held-out"] = (
            *nearer,
            f"{n}, {size:,} of each; ½ without memory",
        )
        return found


def evaluate(samples, dataset, seed=0, digits=False, baselines=None, ranks=ALONE):
    """Every measure of `samples` (N, d), beside real data of the same size, as a dict for
    evaluation.json.

    parzen, real  the fields of the Parzen estimate on the authors' grid, of the samples and of as
                  many training images (≤ 10,000)
    rows          every measure: metric, value, se, real, real_se, detail, caveat
    baselines     {name: rows}, for the samples given in `baselines`, {name: (N, d)}

    digits  whether the data are MNIST's images: then the classifier's measures are among the rows
    The Parzen estimates are shared out over `ranks`; all else, and the whole result, is the first
    one's alone. Raises NumpyganError as `rows_compared` does.
    """
    n = rows_compared(samples, dataset)
    validation, test = as_float(dataset.validation[:VALIDATION]), as_float(dataset.test)
    measures = Measures(dataset, n, seed, digits) if ranks.rank == 0 else lambda x: {}

    def measured(x, others):
        estimates = parzen(x, validation, test, (GRID, FINE), ranks)
        names = [name for name in CAVEATS if name.startswith("Parzen")]
        found = {name: (e.mean, e.se, _parzen_detail(e)) for name, e in zip(names, estimates)}
        return estimates[0], found | measures(others)

    picked = Stream(seed).permutation(len(dataset.train))[:SAMPLES]
    real, of_real = measured(
        as_float(dataset.train[picked]), measures.real if ranks.rank == 0 else None
    )

    def rows_of(x):
        # a file of samples may be sorted
        estimate, found = measured(x, x[Stream(seed).permutation(len(x))[:n]])
        rows = [
            {
                "metric": name,
                "value": value,
                "se": se,
                "real": of_real[name][0],
                "real_se": of_real[name][1],
                "detail": detail,
                "caveat": CAVEATS[name],
            }
            for name, (value, se, detail) in found.items()
        ]
        return estimate, rows

    ours, rows = rows_of(samples)
    others = {name: rows_of(x)[1] for name, x in (baselines or {}).items()}
    return {
        "parzen": vars(ours) | {"at_edge": ours.at_edge},
        "real": vars(real),
        "rows": rows,
        "baselines": others,
        "seed": seed,
    }


def rows_compared(samples, dataset):
    """How many samples are compared with as many real images, of which the test split must hold
    twice that number.

    Raises NumpyganError if the samples are not finite, of another width than the data, or too few,
    or the test split is too small.
    """
    check_samples(samples, dataset.dim)
    if len(samples) <= K:
        raise NumpyganError(
            f"samples: {len(samples)} are too few for the {K} nearest neighbours of each; expected "
            f"at least {K + 1}."
        )
    if len(dataset.test) < 2 * K + 2:
        raise NumpyganError(
            f"data: the {len(dataset.test)} test examples are too few for two halves and the {K} "
            f"nearest neighbours of each; expected at least {2 * K + 2}."
        )
    return min(PAIRED, len(samples), len(dataset.test) // 2)


def _parzen_detail(estimate):
    edge = ", AT THE EDGE of the grid, so the value says little" if estimate.at_edge else ""
    best = f"the best of {len(estimate.grid)} on {estimate.validation_points:,} validation rows"
    return f"n = {estimate.samples:,}, σ = {estimate.sigma:.4f}, {best}{edge}"


def table(result, with_paper):
    """The evaluation as lines of text: a row for each measure, the paper's Table 1, the caveats."""
    columns = {
        "ours ± SE": [],
        "real ± SE": [],
        **{f"{name} ± SE": [] for name in result["baselines"]},
    }
    for index, row in enumerate(result["rows"]):
        others = [
            (rows[index]["value"], rows[index]["se"]) if index < len(rows) else (None, None)
            for rows in result["baselines"].values()
        ]
        pairs = [(row["value"], row["se"]), (row["real"], row["real_se"]), *others]
        for column, (value, se) in zip(columns.values(), pairs):
            column.append(_with_error(value, se))
    widths = [max(len(name), *map(len, cells)) for name, cells in columns.items()]
    name_width = max(len(row["metric"]) for row in result["rows"])

    def line(name, cells, detail):
        return "  ".join(
            [
                f"{name:{name_width}}",
                *(f"{cell:>{width}}" for cell, width in zip(cells, widths)),
                detail,
            ]
        ).rstrip()

    lines = [line("measure", columns, "detail")]
    lines += [
        line(row["metric"], cells, row["detail"])
        for row, *cells in zip(result["rows"], *columns.values())
    ]
    if with_paper:
        lines += ["", "The paper's Table 1, Parzen log-likelihood on the authors' grid in nats:"]
        lines += [f"  {name:{name_width - 2}}{mean:6g} ± {se:g}" for name, mean, se in TABLE1]
    lines += [
        "",
        "Authors' grid: σ the best of "
        f"{', '.join(f'{sigma:.4f}' for sigma in result['parzen']['grid'])}.",
    ]
    lines.append(
        "Real: Parzen of as many training images; the others of a half of the test split against "
        "the other half. Caveats:"
    )
    caveats = {}
    for row in result["rows"]:
        caveats.setdefault(row["caveat"], []).append(row["metric"])
    return lines + [f"  {' and '.join(names)}: {caveat}" for caveat, names in caveats.items()]


def _with_error(value, se):
    """Value ± standard error to two digits of the latter (one decimal at least, six at most); a
    dash where there is no value.
    """
    if value is None:
        return "–"
    decimals = 4 if se == 0 else min(6, max(1, 1 - math.floor(math.log10(se))))
    return f"{value:.{decimals}f} ± {se:.{decimals}f}"
