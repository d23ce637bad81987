"""The evaluation of samples against a dataset: ours, real data by the same procedure, and the paper's Table 1."""

from ..arrays import Stream
from ..data.dataset import as_float
from ..ranks import ALONE
from .parzen import SAMPLES, VALIDATION, parzen

TABLE1 = (("DBN", 138, 2), ("Stacked CAE", 121, 1.6), ("Deep GSN", 214, 1.1), ("Adversarial nets (paper)", 225, 2))
CAVEAT = (
    "Caveat: this metric can be gamed and mis-ranks models (Theis et al. 2016); "
    "a value above the real-data row means gaming, not quality."
)


def evaluate(samples, dataset, seed=0, ranks=ALONE):
    """Parzen estimates of `samples` and of as many real training images (at most 10,000), as a dict for evaluation.json."""
    validation, test = as_float(dataset.validation[:VALIDATION]), as_float(dataset.test)
    ours = parzen(samples, validation, test, ranks=ranks)
    n = min(SAMPLES, len(dataset.train))
    picked = Stream(seed).permutation(len(dataset.train))[:n]
    real = parzen(as_float(dataset.train[picked]), validation, test, ranks=ranks)
    return {"parzen": vars(ours) | {"at_edge": ours.at_edge}, "real": vars(real), "seed": seed}


def table(result, with_paper):
    """The evaluation as lines of text."""
    lines = [f"{'Parzen window log-likelihood':34}{'nats':>8}{'± SE':>8}{'σ':>9}{'n':>9}"]
    for name, row in (("these samples", result["parzen"]), ("real training images", result["real"])):
        lines.append(f"  {name:32}{row['mean']:8.1f}{row['se']:8.1f}{row['sigma']:9.4f}{row['samples']:9,}")
    if with_paper:
        lines += [f"  {name:32}{mean:8g}{se:8g}" for name, mean, se in TABLE1]
    ours = result["parzen"]
    lines.append("")
    lines.append(f"{ours['points']:,} test rows; σ is the best of {', '.join(f'{sigma:.4f}' for sigma in ours['grid'])}")
    lines.append(f"on the first {ours['validation_points']:,} validation rows.")
    if ours["at_edge"]:
        lines.append(f"Warning: σ = {ours['sigma']:.4f} is at the edge of the grid, so the value says little.")
    lines.append(CAVEAT)
    return lines
