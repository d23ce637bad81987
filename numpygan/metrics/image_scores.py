"""The evaluation of samples: every measure for the samples and for real data, and Table 1."""

import math

from ..arrays import Stream
from ..data.dataset import as_float
from ..errors import NumpyganError
from ..ranks import ALONE
from ..tables import as_text, with_error, wrapped
from .classifier import CLASSES, Classifier
from .frechet import frechet, histogram_distance, shares
from .memorising import memorising
from .mmd import median_bandwidth, mmd2
from .nearest_neighbour import one_nn
from .pairs import compare, within
from .parzen import FINE, GRID, SAMPLES, VALIDATION, check_samples, parzen
from .prdc import prdc

K = 5  # neighbours in precision, recall, density and coverage
PAIRED = 5_000  # most rows of a sample in the two-sample measures
NEAREST = 1_000  # most samples whose nearest training example is found
MEDIAN = 1_000  # the kernel's bandwidth is the median distance of so many reference rows

TABLE1 = (
    ("DBN", 138, 2),
    ("Stacked CAE", 121, 1.6),
    ("Deep GSN", 214, 1.1),
    ("Adversarial nets (paper)", 225, 2),
)
_GAMED = (
    "It can rank models wrongly (Theis et al. 2016). A model above the real-data value exploits "
    "the measure; its samples are not better than real ones."
)
CAVEATS = {
    "Parzen log-likelihood, authors' grid (nats)": _GAMED,
    "Parzen log-likelihood, fine grid (nats)": _GAMED,
    "MMD²": "One Gaussian kernel on raw values sees the overall distribution (of images: shape "
    "and contrast), and hardly sees a rare mode.",
    "1-NN accuracy": "It says that samples differ from data, but not how. Noise that is too faint "
    "to see can raise it to 1.",
    "Precision": "An outlier among the real examples has a large ball, and every sample in this "
    "ball counts as realistic.",
    "Recall": "Widely scattered samples have large balls, so noise raises it.",
    "Density": "It rewards samples in the regions where real examples are densest. Above 1 the "
    "samples are more typical than real examples.",
    "Coverage": "One sample in the ball of a real example is enough to cover it, even a poor one.",
    "Fréchet distance": "It can't be compared with a published FID: the features come from "
    "numpygan's own classifier. Only their mean and covariance count.",
    "Class histogram, distance": "The classes are the classifier's guesses. It does not see "
    "whether the images of a class are all alike.",
    "Distance to nearest training image": "A value below the real-data value can mean copies, but "
    "also blurred samples or few kinds of samples.",
    "Nearer to training than to held-out": "It finds copies of whole training examples, but no "
    "copies of parts and no shifted images.",
}


class Measures:
    """The two-sample measures against the reference, a random half of the test split.

    `real` is the other half, for the same measures of real data.

    n       rows of each half
    digits  whether the data are the images of MNIST, which the classifier knows
    """

    def __init__(self, dataset, n, seed=0, digits=False):
        self.dataset, self.seed = dataset, seed
        order = Stream(seed).permutation(len(dataset.test))
        self.reference = as_float(dataset.test[order[:n]])
        self.real = as_float(dataset.test[order[n : 2 * n]])
        self.sigma = median_bandwidth(self.reference[:MEDIAN])
        self.within = within(self.reference, K, self.sigma)
        self.classifier = Classifier() if digits else None
        if digits:
            self.features, self.classes = self.classifier(self.reference)

    def __call__(self, x):
        """(value, standard error, detail) by name, for the samples x (n, d)."""
        pair = compare(x, self.reference, within(x, K, self.sigma), self.within, self.sigma)
        n, stream = f"n = {len(x):,}", Stream(self.seed)
        detail = f"{n}, Gaussian kernel, σ = {self.sigma:.3f}, the real examples' median distance"
        found = {"MMD²": (*mmd2(pair), f"{detail}; jackknife SE")}
        accuracy, generated, real, se = one_nn(pair)
        detail = f"{n}; of samples {generated:.1%}, of real {real:.1%}; ½ if p_g = p_data"
        found["1-NN accuracy"] = accuracy, se, detail
        for name, (value, se) in prdc(pair, K).items():
            found[name.capitalize()] = value, se, f"{n}, k = {K}"
        if self.classifier:
            features, classes = self.classifier(x)
            distance = frechet(features, self.features, stream)
            detail = f"{n}, {features.shape[1]} features; bootstrap SE"
            found["Fréchet distance"] = *distance, detail
            percent = " ".join(f"{share:.1%}".rstrip("%") for share in shares(classes, CLASSES))
            distance = histogram_distance(classes, self.classes, CLASSES, stream)
            detail = f"{n}; total variation, bootstrap SE; % of 0–9: {percent}"
            found["Class histogram, distance"] = *distance, detail
        few, train, held_out = x[:NEAREST], self.dataset.train, self.dataset.validation
        distance, nearer = memorising(few, train, held_out, stream)
        detail = f"n = {len(few):,}, to {len(train):,}; Euclidean"
        found["Distance to nearest training image"] = *distance, detail
        size = min(len(train), len(held_out))
        detail = f"n = {len(few):,}, {size:,} of each; ½ if nothing is memorised"
        found["Nearer to training than to held-out"] = *nearer, detail
        return found


def evaluate(
    samples, dataset, seed=0, digits=False, baselines=None, ranks=ALONE, sigma_rows=VALIDATION
):
    """Every measure for `samples` (N, d) and for real data, as a dict for evaluation.json.

    parzen, real  the Parzen estimate on the authors' grid, for the samples and for the same number
                  of training images (≤ 10,000)
    rows          for every measure: metric, value, se, real, real_se, detail, caveat
    baselines     {name: rows}, for the samples given in `baselines`, {name: (N, d)}

    digits  whether the data are the images of MNIST; only then the classifier's measures are rows
    sigma_rows  validation rows on which σ of the Parzen window is chosen; 0: all
    All `ranks` share the Parzen estimates; the first rank alone computes the rest and has the
    result.
    Raises NumpyganError as `rows_compared` does.
    """
    n = rows_compared(samples, dataset)
    validation = as_float(dataset.validation[: sigma_rows or None])
    test = as_float(dataset.test)
    measures = Measures(dataset, n, seed, digits) if ranks.rank == 0 else lambda x: {}

    def measured(x, others):
        estimates = parzen(x, validation, test, (GRID, FINE), ranks)
        names = [name for name in CAVEATS if name.startswith("Parzen")]
        found = {name: (e.mean, e.se, _parzen_detail(e)) for name, e in zip(names, estimates)}
        return estimates[0], found | measures(others)

    picked = as_float(dataset.train[Stream(seed).permutation(len(dataset.train))[:SAMPLES]])
    real, of_real = measured(picked, measures.real if ranks.rank == 0 else None)

    def rows_of(x):
        # A random choice, because a file of samples may be sorted.
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
    """The number of samples that are compared with real images: at most half of the test split.

    Raises NumpyganError if the samples are not finite, of another width than the data, or too few,
    or if the test split is too small.
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
    head = [f"{name} ± SE" for name in ("ours", "real", *result["baselines"])]
    cells = []
    for index, row in enumerate(result["rows"]):
        pairs = [(row["value"], row["se"]), (row["real"], row["real_se"])]
        for rows in result["baselines"].values():  # which lack the rows of AIS
            other = rows[index] if index < len(rows) else {"value": None, "se": None}
            pairs.append((other["value"], other["se"]))
        cells.append([row["metric"], *(_with_error(*pair) for pair in pairs)])
    lines = []
    numbers = as_text(["measure", *head], cells).splitlines()
    for line, detail in zip(numbers, ["", *(row["detail"] for row in result["rows"])]):
        lines += [line, *wrapped(f"    {detail}" if detail else "", 4)]
    if with_paper:
        lines += ["", "The paper's Table 1, Parzen log-likelihood on the authors' grid in nats:"]
        table1 = [[f"  {name}", f"{mean:g} ± {se:g}"] for name, mean, se in TABLE1]
        lines += as_text(table1[0], table1[1:]).splitlines()
    grid = ", ".join(f"{sigma:.4f}" for sigma in result["parzen"]["grid"])
    lines += [
        "",
        *wrapped(f"Authors' grid: σ is the best of {grid}."),
        "Real: Parzen uses the same number of training examples as samples; the other measures",
        "compare one half of the test split with the other. Caveats:",
    ]
    caveats = {}
    for row in result["rows"]:
        caveats.setdefault(row["caveat"], []).append(row["metric"])
    for caveat, names in caveats.items():
        lines += wrapped(f"  {' and '.join(names)}: {caveat}", 4)
    return lines


def _with_error(value, se):
    """Value ± standard error, or a dash if there is no value.

    The standard error has two digits; there are one to six decimals.
    """
    if value is None:
        return "–"
    decimals = 4 if se == 0 else min(6, max(1, 1 - math.floor(math.log10(se))))
    return with_error(value, se, decimals)
