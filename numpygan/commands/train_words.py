"""What `numpygan train` says before and after the training."""

from ..data.dataset import data_in_words
from ..runs.config_file import rules_in_force
from ..terminal import shell_word
from ..version import __version__

MOST_NATS = 100  # of |V|. V is −1.386 when D is undecided, and seldom below −10.


def header(options, run, recipe, dataset):
    """The lines that say what is trained on what, and where it is written."""
    yield (
        f"numpygan {__version__}: {recipe.name}, seed {recipe.seed}, on {options.device} -> "
        f"{run.path}"
    )
    for line in (*data_in_words(dataset), *rules_in_force(recipe)):
        yield f"  {line}"
    if options.local_batch:
        rows = f"{recipe.batch} rows, {recipe.batch // options.ranks.size} for each rank"
        yield f"  batch  {rows}; the learning rates are unchanged"
    elif options.ranks.size > 1:
        yield f"  batch  {recipe.batch} rows, shared by {options.ranks.size} ranks"


def nats(V):
    """V as text, which stays short if the game has diverged."""
    return f"{V:.3f}" if abs(V) < 1e5 else f"{V:.3g}"


def summary(run, rows):
    """The lines after a training: its length, and the files that it has written.

    rows  the last row of metrics, if there is one
    """
    for last in rows:
        yield (
            f"{run.path} after {last['iteration']:,.0f} iterations ({last['epoch']:g} epochs, "
            f"{last['seconds']:.0f} s):"
        )
    for path, what in (
        (run.samples, "pictures of samples"),
        (run.learning, "learning curves"),
        (run.metrics, "the numbers"),
        (run.checkpoint, "the newest state"),
        (run.best, "the state with the best validation log-likelihood"),
    ):
        if path.exists():
            yield f"  {path.name:16}{what}"
    if run.checkpoint.exists():
        yield f"Next: numpygan evaluate {shell_word(run.path)}"


def has_diverged(V):
    """Whether V at the end of a run is so far from 0 that the game has diverged."""
    return abs(V) > MOST_NATS


def diverged(run, rows):
    """A sentence if V in the last row of metrics says that the game has diverged."""
    for last in rows:
        if has_diverged(last["V"]):
            yield (
                f"{run.path}: V is {nats(last['V'])} at the end, so D's logits are huge and the "
                "game has diverged; try smaller learning rates or momentum."
            )
