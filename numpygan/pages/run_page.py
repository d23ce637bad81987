"""The report of a run: one HTML file that holds everything it shows.

Whatever comes from a run is escaped, and the page's Content-Security-Policy forbids every request
and every script and style but the two written in `page/`.
"""

import base64
import hashlib
import math
import shlex
from pathlib import Path
from string import Template

import numpy

from .. import __version__
from ..arrays import Stream
from ..data.sources import TOYS, Noise
from ..figures.panels import figure2, figure3
from ..figures.pictures import limits, png
from ..files import read_bytes
from ..gan import sampling
from ..metrics.image_scores import TABLE1
from ..metrics.toys import real_draw
from ..runs.directory import rules_in_force
from ..runs.provenance import dataset_of
from .chart import line_chart, scatter_chart
from .markup import definitions, escape

FRAMES = 24  # pictures of samples over time, at most
_PAGE = Path(__file__).parent / "page"
_LARGEST_PICTURE = 1 << 26  # bytes
_POINTS = 600  # samples and data in a scatter panel


def report(run, seed=0, data=None):
    """The page of `run` as text. Its data are read from `data` if they lie there now.

    Raises NumpyganError if the run, its data or its evaluation can't be read.
    """
    recipe, rows = run.recipe(), run.read_metrics()
    G, image_shape, source = run.generator()
    dataset = None if image_shape is None and data is None else dataset_of(run, data)
    style, script = (
        (_PAGE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    return Template((_PAGE / "report.html").read_text(encoding="utf-8")).substitute(
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=__version__,
        title=escape(f"{recipe.name}: {run.path}"),
        name=escape(recipe.name),
        about=escape(recipe.about),
        facts=_facts(run, recipe, rows),
        learning=_learning(rows),
        frames=_frames(run, rows, image_shape),
        panels=_panels(recipe, G, image_shape, source, seed, dataset, rows),
        evaluation=_evaluation(run, source),
        rules="\n".join(map(escape, rules_in_force(recipe))),
        fields=_fields(recipe),
    )


def _hash(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _facts(run, recipe, rows):
    last = rows[-1] if rows else dict.fromkeys(("iteration", "epoch", "seconds"), 0.0)
    at = {name: value if math.isfinite(value) else 0.0 for name, value in last.items()}
    minutes, seconds = divmod(round(at["seconds"]), 60)
    return definitions(
        [
            ("run", str(run.path)),
            ("data", recipe.data),
            ("iterations", f"{at['iteration']:,.0f}"),
            ("epochs", f"{at['epoch']:.4g}"),
            ("training time", f"{minutes} min {seconds} s"),
            ("seed", str(recipe.seed)),
        ]
    )


def _fields(recipe):
    return definitions(
        (name, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value))
        for name, value in vars(recipe).items()
    )


def _learning(rows):
    if not rows:
        return "<p>No metrics yet: the run has not reached its first record.</p>"
    column = {name: numpy.array([row[name] for row in rows]) for name in rows[0]}

    def curve(label, kind, name):
        """Through the rows that have a value."""
        known = numpy.isfinite(column["epoch"]) & numpy.isfinite(column[name])
        return label, kind, column["epoch"][known], column[name][known]

    charts = [
        line_chart(
            "Value of the game",
            [curve("V(D, G)", "accent", "V")],
            "epoch",
            "nats",
            ("−log 4, the value where p_g = p_data", -math.log(4)),
        ),
        line_chart(
            "Verdict of the discriminator",
            [curve("mean D(x)", "accent", "D_real"), curve("mean D(G(z))", "second", "D_fake")],
            "epoch",
            "probability",
            ("½", 0.5),
            (0, 1),
        ),
    ]
    if numpy.isfinite(column["parzen"]).any():
        parzen = curve("validation", "accent", "parzen")
        charts.append(line_chart("Parzen log-likelihood", [parzen], "epoch", "nats"))
    text = (
        "V falls towards −log 4 = −1.386 as D can no longer tell samples from data; it is no "
        "measure of their quality by itself."
    )
    return f'<p>{text}</p><div class="charts">{"".join(charts)}</div>'


def _frames(run, rows, image_shape):
    files = sorted(file for file in run.samples.glob("*.png") if file.stem.isdecimal())
    if not files:
        return "<p>The run has no pictures of samples.</p>"
    files = [
        files[i]
        for i in sorted(set(numpy.linspace(0, len(files) - 1, FRAMES).round().astype(int).tolist()))
    ]
    ratios = (row["iteration"] / row["epoch"] for row in rows if row["epoch"] > 0)
    per_epoch = next((ratio for ratio in ratios if 0 < ratio < math.inf), None)
    items = []
    for file in files:
        iteration = int(file.stem)
        when = f"iteration {iteration:,}" + (
            f", epoch {iteration / per_epoch:.4g}" if per_epoch else ""
        )
        picture = read_bytes(file, _LARGEST_PICTURE)
        items.append(f"<li>{_figure(picture, f'samples at {when}', when, image_shape)}</li>")
    return (
        "<p>The same noise z throughout: what changes is the generator.</p>"
        f'<div class="frames"><label for="when">Move through the training <output></output></label>'
        f'<input id="when" type="range" min="0" max="{len(items) - 1}" value="{len(items) - 1}" '
        f'autocomplete="off">'
        f"<ol>{''.join(items)}</ol></div>"
    )


def _figure(picture, alt, caption, pixels=True):
    """A .png picture in the page; `pixels`: its pixels are those of images, to be enlarged as
    squares.
    """
    kind = ' class="pixels"' if pixels else ""
    source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return (
        f'<figure><img{kind} alt="{escape(alt)}" '
        f'src="{source}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _panels(recipe, G, image_shape, source, seed, dataset, rows):
    last = rows[-1]["iteration"] if rows else source["iteration"]
    gone_on = (
        f" The run has gone on to iteration {last:,.0f}." if last > source["iteration"] else ""
    )
    about = f"From {_checkpoint(source)}; fair random draws, not selected.{gone_on}"
    if image_shape is not None:
        samples = sampling.sample(G, recipe.noise, 80, Stream(seed))
        ends = numpy.zeros((16, G.n_in), G.dtype)
        Noise(recipe.noise, Stream(seed)).minibatch(ends)
        scale = limits(recipe, dataset.train)
        panels = [
            _figure(
                png(figure2(samples, dataset.train, image_shape, scale, 11)),
                "samples and, in the rightmost column, training examples",
                "As the paper's Figure 2: the rightmost column is the training example nearest to "
                "the sample beside it.",
            ),
            _figure(
                png(figure3(G, ends.reshape(2, 8, -1), image_shape, scale)),
                "rows of samples that change from left to right",
                "As the paper's Figure 3: each row is G(z) on a straight line between two points "
                "of z space.",
            ),
        ]
    elif recipe.data in TOYS:
        panels = [_toy_panel(G, recipe, seed)]
    else:
        panels = [
            "<p>The rows are not images: <code>numpygan sample</code> draws them as numbers.</p>"
        ]
    return f'<p>{escape(about)}</p><div class="panels">{"".join(panels)}</div>'


def _toy_panel(G, recipe, seed):
    means, std = TOYS[recipe.data]()
    if means.shape[1] == 2:
        samples, data = (
            sampling.sample(G, recipe.noise, _POINTS, Stream(seed)),
            real_draw(recipe.data, _POINTS, seed),
        )
        series = [("data", "second", *data.T), ("G(z)", "accent", *samples.T)]
        return scatter_chart(f"{_POINTS} samples of G over as many of p_data", series, "x₁", "x₂")
    samples, data = (
        sampling.sample(G, recipe.noise, 10_000, Stream(seed)),
        real_draw(recipe.data, 10_000, seed),
    )
    edges = numpy.linspace(data.min() - std, data.max() + std, 61)
    density = lambda x: numpy.histogram(x, edges, density=True)[0]
    middle = (edges[1:] + edges[:-1]) / 2
    series = [
        ("data", "second", middle, density(data)),
        ("G(z)", "accent", middle, density(samples)),
    ]
    return line_chart("Densities of 10,000 samples of G and of p_data", series, "x", "density")


def _checkpoint(source):
    return f"{source['file']}, iteration {source['iteration']:,}"


def _evaluation(run, source):
    """The measures and the checkpoint they belong to; `source` made the samples on the page."""
    command = f"<code>{escape(f'numpygan evaluate {shlex.quote(str(run.path))}')}</code>"
    result = run.read_evaluation()
    if result is None:
        return f"<p>Not evaluated yet. {command} does it; then make this page again.</p>"
    measured = _measured(result.get("source"))
    if measured == _measured(source):
        of = f"<p>Measured on {escape(measured)}, as the samples above.</p>"
    else:
        of = (
            "<p class=stale role=note><strong>Not of the samples above.</strong> These measures "
            f"are of {escape(measured)}; the samples above are from {escape(_checkpoint(source))}. "
            f"{command} measures those; then make this page again.</p>"
        )
    bodies = "".join(
        f"<tbody><tr><th scope=row>{escape(str(row['metric']))}</th>"
        f"<td>{_with_error(row['value'], row.get('se'))}</td>"
        f"<td>{_with_error(row.get('real'), row.get('real_se'))}</td></tr>"
        f"<tr><td class=detail colspan=3><p>{escape(str(row.get('detail', '')))}</p><p>What it "
        f"can’t tell: "
        f"{escape(str(row.get('caveat', '')))}</p></td></tr></tbody>"
        for row in result["rows"]
    )
    head = (
        "<thead><tr><th scope=col>measure</th><th scope=col>samples ± SE</th><th "
        "scope=col>real data ± SE</th></tr></thead>"
    )
    published = ", ".join(f"{name} {mean:g} ± {se:g}" for name, mean, se in TABLE1)
    beside = (
        f"<p class=detail>Published Parzen log-likelihoods on MNIST (nats): "
        f"{escape(published)}.</p>"
    )
    return f"{of}<table>{head}{bodies}</table>{beside if result.get('data') == 'mnist' else ''}"


def _measured(source):
    """What an evaluation was made of, by its `source`, which may be anything."""
    if not isinstance(source, dict) or not isinstance(source.get("file"), str):
        return "a checkpoint that evaluation.json does not name"
    return (
        _checkpoint(source)
        if type(source.get("iteration")) is int
        else f"the samples in {source['file']}"
    )


def _with_error(value, se):
    """`value` ± its standard error, rounded to the two leading digits of that."""
    if not isinstance(value, (int, float)):
        return "–" if value is None else escape(str(value))
    if not isinstance(se, (int, float)) or not 0 < se < math.inf:
        return f"<b>{value:.4g}</b>".replace("-", "−")
    digits = max(0, 1 - math.floor(math.log10(se)))
    return f'<b>{value:.{digits}f}</b> <span class="error">± {se:.{digits}f}</span>'.replace(
        "-", "−"
    )
