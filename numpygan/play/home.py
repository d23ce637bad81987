"""What one takes home from a game: its script, recipe, run directory, page, film."""

import math
import shlex

from threadpoolctl import threadpool_info

from ..data.sources import TOYS, Mixture
from ..errors import NumpyganError
from ..nn.layers import Affine
from ..nn.optimizers import OPTIMIZERS
from ..ranks import ALONE
from ..runs import checkpoint, provenance
from ..runs import metrics_file as metrics
from ..runs.config_file import to_toml
from ..runs.directory import RunDirectory
from ..runs.stop import resume_command
from . import again
from .frames import fingerprint


def taken(kind, match):
    """The game of `match`: as "python", as "recipe", as "page", as "film", or kept as "run".

    {"title", "text"}; a page and a film are files: {"name", "title", "save_as", "bytes"}.
    Raises NumpyganError if there is no such kind, or if the game can't be kept.
    """
    if kind == "python":
        return {
            "title": "This game as Python",
            "text": script(match.history.setups, match.training),
        }
    if kind == "recipe":
        return {"title": "This game as a recipe", "text": recipe_text(match.setup)}
    if kind == "run":
        return {"title": "This game is kept", "text": keep(match.setup, match.training)}
    if kind == "page":
        return again.page(match)
    if kind == "film":
        return again.recorded(match)
    raise NumpyganError("home: expected as python, recipe, page, film or run.")


def recipe_text(setup):
    """The recipe in TOML, after the command that trains it from the start."""
    command = ["numpygan", "train", setup.recipe.name]
    for name, value in setup.differences().items():
        command += ["--set", f"{name}={value}"]
    told = f"To train it from the start: {shlex.join(command)}"
    if setup.recipe.data not in (*TOYS, "mnist"):
        told = "Its data are only on this page; to train it, take the game home as Python."
    return f"# {told}\n{to_toml(setup.recipe)}"


def keep(setup, training):
    """Write a run directory, and say how to go on with it."""
    recipe = setup.recipe
    if recipe.data not in (*TOYS, "mnist"):
        raise NumpyganError(
            f"keep: the data {recipe.data!r} are only on this page, so `numpygan train` could not "
            f"go on; take the game home as Python."
        )
    training.check_parameters()
    dataset = setup.dataset()
    made = provenance.Made(
        recipe, dataset and dataset.digest(), [], provenance.environment("cpu", ALONE, training.xp)
    )
    run = RunDirectory.next_free(recipe.name)
    with run.reserved(), run.locked():
        run.create(recipe)
        state = training.state() | {"best": -math.inf, "seconds": 0.0, "made": made.text(0)}
        checkpoint.save(run.checkpoint, state | {"rows": metrics.as_array([])})
    more = training.iteration + 1_000
    return (
        f"{run.path} holds iteration {training.iteration:,}. Go on with:\n"
        f"{resume_command(run.path, iterations=more)}\n"
        f"It goes on bit for bit if BLAS has as many threads as here: "
        f"set OPENBLAS_NUM_THREADS={_threads()}.\n"
    )


def _threads():
    """The number of BLAS threads; the last bits of a product can depend on it."""
    found = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    return max(found, default=1)


def script(setups, training):
    """A program that plays the same game, bit for bit: each setting, each change, up to now."""
    recipe = setups[0][1].recipe
    lines = [
        f'"""{recipe.about}: seed {recipe.seed}, {training.iteration:,} iterations."""',
        "",
        "import numpy",
        "from threadpoolctl import threadpool_limits",
        "",
        "import numpygan as ng",
        "from numpygan.gan.average import Average",
        "from numpygan.data.sources import TOYS, Mixture",
        "from numpygan.play.datasets import dataset_of",
        "",
        'numpy.seterr(all="ignore")',
        f"threadpool_limits({_threads()}, 'blas')  # as on the page: the last bits depend on it",
        f"streams = ng.streams({recipe.seed})",
        *_draws(recipe),
        *_data(setups[0][1]),
        *_network("G", training.G, recipe),
        *_network("D", training.D, recipe, recipe.keep),
        'G.initialize(streams["init"])',
        'D.initialize(streams["init"])',
        f'p_z = ng.Noise("{recipe.noise}", streams["noise"])',
        *_optimizer("g", recipe),
        *_optimizer("d", recipe),
        *_average(recipe),
    ]
    ends = [start for start, _ in setups[1:]] + [training.iteration]
    for index, ((start, setup), end) in enumerate(zip(setups, ends)):
        if index:
            lines += _changes(setups[index - 1][1], setup, start, training)
        lines += _iterations(setup, start, end)
    lines += [
        "",
        "# Two games with the same eight digits have the same parameters.",
        "import zlib",
        "",
        'print(f"G {zlib.crc32(G.theta):08x}, D {zlib.crc32(D.theta):08x}")',
        f"# G {fingerprint(training.G)}, D {fingerprint(training.D)} on the page",
    ]
    return "\n".join(lines) + "\n"


def _draws(recipe):
    if recipe.draws == "host":
        return []
    return [
        'for name in ("noise", "dropout"):',
        "    streams[name] = ng.CounterStream(streams[name])",
    ]


def _data(setup):
    name = setup.recipe.data
    if name in TOYS:
        return [f'p_data = Mixture(*TOYS["{name}"](), streams["data"])']
    drawing = ""
    if name == "drawn":
        cells = [f"{value:g}" for value in setup.drawing]
        rows = [", ".join(cells[i : i + 32]) for i in range(0, len(cells), 32)]
        drawing = ", [\n    " + ",\n    ".join(rows) + ",\n]"
    return [
        f'rows = dataset_of("{name}"{drawing}).train',
        'p_data = ng.Shuffled(rows, streams["data"])',
    ]


def _network(name, net, recipe, keep=None):
    """The lines that make a network like `net`; of D with these shares kept."""
    layers, lines, shares = [], [], list(keep or ())
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, Affine))
    for i, layer in enumerate(net.layers):
        if type(layer).__name__ == "Dropout":
            continue
        if isinstance(layer, Affine):
            if shares and (share := shares.pop(0)) < 1:
                layers.append(f"ng.Dropout({share})")
            bias = ", mean_bias" if name == "G" and i == last and recipe.bias == "mean" else ""
            glorot = math.sqrt(6 / (layer.n_in + layer.n_out))
            scale = "" if layer.scale == glorot else f", {layer.scale!r}"
            scale = ", None" if bias and not scale else scale
            layers.append(f"ng.Affine({layer.n_in}, {layer.n_out}{scale}{bias})")
        else:
            layers.append(f"ng.{layer!r}".replace("pieces=", ""))
    if name == "G" and recipe.bias == "mean":
        lines += [
            "mean = numpy.clip(rows.mean(0, dtype='float64') * (1 / 255), 1e-7, 1 - 1e-7)",
            "mean_bias = numpy.log(mean / (1 - mean))  # G(0) is the mean example",
        ]
    return [
        *lines,
        f"{name} = ng.MLP([",
        *(f"    {layer}," for layer in layers),
        f'], dtype="{recipe.dtype}")',
    ]


def _optimizer(suffix, recipe):
    rate = recipe.learning_rate_g if suffix == "g" else recipe.learning_rate_d
    most = f", {recipe.max_norm!r}" if suffix == "d" and recipe.max_norm else ""
    args = f"{suffix.upper()}, {rate!r}, {recipe.momentum!r}{most}"
    return [f"optimizer_{suffix} = ng.{OPTIMIZERS[recipe.rule].__name__}({args})"]


def _average(recipe):
    if not recipe.average:
        return []
    every = f", every={recipe.average_every}" if recipe.average_every > 1 else ""
    return [f"average = Average(G, {recipe.average!r}{every})"]


def _changes(before, after, start, training):
    """The lines that change what has changed at iteration `start`, and nothing else."""
    old, new = before.recipe, after.recipe
    lines = ["", f"# Changed after iteration {start:,}."]
    if (old.data, before.drawing) != (new.data, after.drawing):
        lines += _data(after)
    if old.noise != new.noise:
        lines += [f'p_z = ng.Noise("{new.noise}", streams["noise"])']
    if old.keep != new.keep:
        lines += ["before = D", *_network("D", training.D, new, new.keep), "D.theta = before.theta"]
    rebuilt = old.rule != new.rule
    if rebuilt:
        lines += [*_optimizer("g", new), *_optimizer("d", new)]
    elif old.keep != new.keep or old.max_norm != new.max_norm:
        lines += [
            "state = optimizer_d.state()",
            *_optimizer("d", new),
            "optimizer_d.restore(state)",
        ]
    if old.average != new.average:
        lines += ["theta = average.net.theta"] if old.average and new.average else []
        lines += _average(new)
        lines += ["average.net.theta = theta"] if old.average and new.average else []
    return lines


def _iterations(setup, start, end):
    recipe = setup.recipe
    args = 'G, D, p_data, p_z, optimizer_g, optimizer_d, streams["dropout"]'
    call = f"ng.authors2014({args}, m={recipe.batch})"
    if recipe.algorithm == "algorithm1":
        call = (
            f'ng.algorithm1(\n    {args}, m={recipe.batch}, k={recipe.k}, loss="{recipe.loss}"\n)'
        )
    floor, decay = recipe.learning_rate_floor, recipe.learning_rate_decay
    lines = [f"game = {call}", f"for iteration in range({start}, {end}):"]
    for suffix, rate in (("g", recipe.learning_rate_g), ("d", recipe.learning_rate_d)):
        rate_now = f"max({floor!r}, {rate!r} * {decay!r}**-iteration)"
        lines += [f"    optimizer_{suffix}.learning_rate = {rate_now}"]
    momentum = repr(recipe.momentum)
    if recipe.momentum != recipe.momentum_final:
        rows = Mixture.size if recipe.data in TOYS else len(setup.dataset().train)
        epoch = max(1, rows // (recipe.batch * recipe.k))
        share = f"min(1.0, (iteration // {epoch}) / {max(1, recipe.momentum_epochs - 1)})"
        momentum += f" + {share} * {recipe.momentum_final - recipe.momentum!r}"
    lines += [f"    optimizer_g.momentum = optimizer_d.momentum = {momentum}"]
    lines += ["    next(game)"]
    lines += ["    average.update(iteration + 1)"] if recipe.average else []
    return lines
