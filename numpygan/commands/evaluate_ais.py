"""numpygan evaluate RUN --ais: annealed importance sampling, which can be stopped and resumed."""

import itertools
import math

from ..data.meaning import SIGNED
from ..errors import NumpyganError
from ..files import check_writable
from ..metrics import ais
from ..runs.ais_state import BATCH, bounds, steps
from ..runs.provenance import dataset_of
from ..tables import as_text
from ..terminal import Progress, shell_word
from .arguments import positive
from .results import result_file, write

NAMES = "AIS log-likelihood (nats)", "AIS, bidirectional gap (nats)"
CAVEATS = (
    f"a lower bound of the density of G(z) plus noise of variance {ais.VARIANCE}; a small "
    "bidirectional gap means a good bound. It rewards a model that covers all test images, not "
    "sharp images.",
    "measured on data that the model made itself; on real data, which fit less well, the bound can "
    "be looser.",
)
PUBLISHED = (
    ("GAN-10", 328.8, 5.5),
    ("GAN-50", 627.3, 8.8),
    ("GMMN-10", 346.7, None),
    ("VAE-50", 991.4, None),
)


def add(parser):
    parser.add_argument(
        "--ais",
        action="store_true",
        help="only annealed importance sampling, which takes hours; adds rows to the run's result",
    )
    parser.add_argument(
        "--examples", type=positive(int), metavar="N", help="test images for --ais (default: 100)"
    )
    parser.add_argument(
        "--distributions",
        type=positive(int, 10**6),
        metavar="T",
        help="number of distributions for --ais, from prior to posterior (default: 1000)",
    )


def check(options):
    """Raise NumpyganError for options of --ais without --ais, or for --ais without a run."""
    if not options.ais and (options.examples or options.distributions):
        raise NumpyganError("--examples and --distributions: go with --ais.")
    if options.ais and options.run is None:
        raise NumpyganError("--ais: needs the generator itself; expected a RUN, not --samples.")


def evaluate_ais(options, run):
    """Add the rows of AIS to the run's result."""
    file = result_file(options, run)
    check_writable(run.ais)
    recipe, (G, _, source) = run.recipe(), run.generator(options.checkpoint)
    dataset = dataset_of(run, options.data)
    if dataset is None or dataset.range is None:
        raise NumpyganError(
            f"{run.path}: AIS adds noise of variance {ais.VARIANCE} to values in [0, 1], but the "
            f"data of this run are real numbers without a range; expected data in [0, 1] or "
            f"[-1, 1]."
        )
    examples = options.examples or min(100, len(dataset.test))
    distributions = options.distributions or 1000
    if examples > len(dataset.test):
        raise NumpyganError(
            f"--examples: {examples} is more than the {len(dataset.test)} test images."
        )
    _result(run, recipe.data, source, options)  # another result is refused before the work
    state = _with_bar(run, G, recipe, dataset, examples, distributions, options)
    if options.ranks.rank:
        return
    rows = _rows(state, examples, distributions, dataset.range)
    print("\n".join(_table(rows, recipe.data == "mnist")), flush=True)
    # An `evaluate` may have written another result meanwhile; the table is printed all the same.
    result = _result(run, recipe.data, source, options)
    result["rows"] = [row for row in result["rows"] if row["metric"] not in NAMES] + rows
    write(result, file)


def _result(run, data, source, options):
    """The run's evaluation.json, or one without rows; raises NumpyganError if it doesn't fit."""
    result = run.read_evaluation() or {"data": data, "source": source, "rows": []}
    if result.get("source") != source:
        which = "" if options.checkpoint == "best" else f" --checkpoint {options.checkpoint}"
        raise NumpyganError(
            f"{run.evaluation}: is of {_checkpoint_in_words(result.get('source'))}, not of "
            f"{_checkpoint_in_words(source)}; first run `numpygan evaluate "
            f"{shell_word(run.path)}{which}`."
        )
    return result


def _checkpoint_in_words(source):
    known = isinstance(source, dict) and source.keys() >= {"file", "iteration"}
    return (
        f"{source['file']} of iteration {source['iteration']}"
        if known
        else "no checkpoint that is known"
    )


def kept(run, source):
    """The rows of AIS in the run's evaluation.json, if they are of the same checkpoint.

    They are kept because they took hours. Without a run there are none.
    """
    result = (run.read_evaluation() or {}) if run else {}
    rows = result.get("rows", []) if result.get("source") == source else []
    nothing = dict.fromkeys(("se", "real", "real_se")) | {"detail": "", "caveat": ""}
    return [
        nothing | row
        for row in rows
        if row["metric"] in NAMES and None not in (row["value"], row.get("se"))
    ]


def _with_bar(run, G, recipe, dataset, examples, distributions, options):
    ranks, total = options.ranks, steps(examples, distributions, options.ranks)
    data = recipe.noise, dataset.test, dataset.range, examples, distributions
    done = itertools.count(1)
    with Progress("distributions", quiet=ranks.rank > 0) as bar:
        progress = lambda: bar.show(next(done), total)
        try:
            return bounds(run, G, *data, options.seed, options.force, progress, ranks)
        except KeyboardInterrupt:
            again = "the same command without --force" if options.force else "the same command"
            raise KeyboardInterrupt(
                f"stopped; {run.ais} holds the finished batches; to resume, give {again}."
            ) from None


def _rows(state, examples, distributions, ends):
    lower, gap = state["lower"], state["simulated_upper"] - state["simulated_lower"]
    how = f"{ais.CHAINS} chains, T = {distributions:,}, σ² = {ais.VARIANCE}"
    how += " of (x + 1)/2" if ends == SIGNED else ""
    details = (
        f"{examples} test images, {how}, {state['acceptance'].mean():.0%} accepted",
        f"{BATCH} simulated images, {how}",
    )
    return [
        {
            "metric": name,
            "value": float(x.mean()),
            "se": float(x.std() / math.sqrt(len(x))),
            "real": None,
            "real_se": None,
            "detail": detail,
            "caveat": caveat,
        }
        for name, x, detail, caveat in zip(NAMES, (lower, gap), details, CAVEATS)
    ]


def _table(rows, with_published):
    found = [(r["metric"].removesuffix(" (nats)"), r["value"], r["se"], r["detail"]) for r in rows]
    if with_published:
        found += [(f"{name} (Wu et al. 2017)", value, se, "") for name, value, se in PUBLISHED]
    cells = [
        [f"  {name}", f"{value:.1f}", "" if se is None else f"{se:.1f}", detail]
        for name, value, se, detail in found
    ]
    table = as_text(["Annealed importance sampling", "nats", "± SE", ""], cells, left=(0, 3))
    return [table, *(f"{row['metric']}: {row['caveat']}" for row in rows)]
