"""The report of a run: one HTML file that contains everything it shows.

All text from a run is escaped. The page's Content-Security-Policy forbids all requests, and all
scripts and styles except the two in `page/`.
"""

import base64
import hashlib
import io
import math
from string import Template

import numpy

from ..arrays import Stream
from ..data.sources import TOYS
from ..errors import NumpyganError
from ..figures.panels import figure2, figure3
from ..figures.pictures import is_whole_png, learning_panels, limits, png
from ..figures.plot import saved_figure
from ..figures.toy_plot import draw_toy
from ..files import read_bytes
from ..gan import sampling
from ..metrics.image_scores import TABLE1
from ..metrics.stacked import PUBLISHED as STACKED
from ..metrics.toys import real_draw
from ..recipes.settings import as_text
from ..runs.config_file import rules_in_force
from ..runs.provenance import dataset_of
from ..terminal import shell_word
from ..version import __version__
from .markup import definitions, escape, page_file, style_sheet

FRAMES = 24  # most pictures of samples over time
_CURVES = {  # the curves of each chart: name, column of metrics.csv
    "Value of the game": {"V(D, G)": "V"},
    "Verdict of the discriminator": {"mean D(x)": "D_real", "mean D(G(z))": "D_fake"},
    "Parzen log-likelihood": {"validation": "parzen"},
}
_LARGEST_PICTURE = 1 << 22  # bytes; the page has up to FRAMES of them
_POINTS = {2: 600, 1: 10_000}  # samples and data in a toy's panel, by the number of dimensions


def report(run, seed=0, data=None):
    """The page of `run` as text. If `data` is given, the data set is read from this path.

    Raises NumpyganError if the run, its data or its evaluation can't be read.
    """
    recipe, rows = run.recipe(), run.read_metrics()
    G, image_shape, source = run.generator()
    dataset = None if image_shape is None and data is None else dataset_of(run, data)
    style, script = style_sheet("report.css"), page_file("report.js")
    return Template(page_file("report.html")).substitute(
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
    return definitions((name, as_text(value)) for name, value in vars(recipe).items())


def _learning(rows):
    if not rows:
        return "<p>No metrics yet: the run has not reached its first record.</p>"
    charts = []
    for title, draw in learning_panels(rows).items():
        curves = _CURVES[title].items()
        ends = "; ".join(f"{name} {_first_and_last(rows, column)}" for name, column in curves)
        charts.append(_chart(f"{title} over the epochs: {ends}", draw))
    text = (
        "V approaches −log 4 = −1.386 when D can no longer tell samples from data. V alone does "
        "not measure the quality of the samples."
    )
    return f'<p>{text}</p><div class="charts">{"".join(charts)}</div>'


def _first_and_last(rows, name):
    known = [row[name] for row in rows if math.isfinite(row[name])]
    return f"from {known[0]:.3g} to {known[-1]:.3g}" if known else "without values"


def _chart(alt, draw, caption="", height=2.9):
    """A figure whose axes `draw` draws; the alt text says what it shows."""
    file = io.BytesIO()
    with saved_figure(file, 4, height, dpi=200) as (_, axes):
        draw(axes)
    return _figure(file.getvalue(), alt, caption, pixels=False)


def _frames(run, rows, image_shape):
    files = sorted(file for file in run.samples.glob("*.png") if file.stem.isdecimal())
    if not files:
        return "<p>The run has no pictures of samples.</p>"
    picked = numpy.unique(numpy.linspace(0, len(files) - 1, FRAMES).round().astype(int))
    ratios = (row["iteration"] / row["epoch"] for row in rows if row["epoch"] > 0)
    per_epoch = next((ratio for ratio in ratios if 0 < ratio < math.inf), None)
    items, left_out = [], []
    for file in (files[i] for i in picked):
        iteration = int(file.stem)
        when = f"iteration {iteration:,}"
        when += f", epoch {iteration / per_epoch:.4g}" if per_epoch else ""
        try:
            picture = read_bytes(file, _LARGEST_PICTURE)
            if not is_whole_png(picture):
                raise NumpyganError(f"{file}: is not a whole PNG picture.")
        except NumpyganError as error:
            left_out.append(f"<p role=note>Left out: {escape(str(error))}</p>")
            continue
        items.append(f"<li>{_figure(picture, f'samples at {when}', when, image_shape)}</li>")
    if not items:
        return "".join(left_out)
    return "".join(left_out) + (
        "<p>The noise z is the same in all pictures; only the generator changes.</p>"
        f'<div class="frames"><label for="when">Move through the training <output></output></label>'
        f'<input id="when" type="range" min="0" max="{len(items) - 1}" value="{len(items) - 1}" '
        f'autocomplete="off">'
        f"<ol>{''.join(items)}</ol></div>"
    )


def _figure(picture, alt, caption, pixels=True):
    """A .png picture in the page. With `pixels` its pixels are enlarged as squares."""
    kind = ' class="pixels"' if pixels else ""
    source = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    caption = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img{kind} alt="{escape(alt)}" src="{source}">{caption}</figure>'


def _panels(recipe, G, image_shape, source, seed, dataset, rows):
    last = rows[-1]["iteration"] if rows else source["iteration"]
    about = f"From {_checkpoint(source)}; fair random draws, not selected."
    if last > source["iteration"]:
        about += f" The run is now at iteration {last:,.0f}."
    if image_shape is not None:
        samples = sampling.sample(G, recipe.noise, 80, Stream(seed))
        ends = sampling.ends(G, recipe.noise, 8, Stream(seed))
        scale = limits(recipe, dataset.train)
        panels = [
            _figure(
                png(figure2(samples, dataset.train, image_shape, scale, 11)),
                "samples and, in the rightmost column, training examples",
                "Like the paper's Figure 2: the rightmost column shows the training example that "
                "is nearest to the sample on its left.",
            ),
            _figure(
                png(figure3(G, ends, image_shape, scale)),
                "rows of samples that change from left to right",
                "Like the paper's Figure 3: each row is G(z) on a straight line between two points "
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
    n = _POINTS[G.n_out]
    samples, real = (
        sampling.sample(G, recipe.noise, n, Stream(seed)),
        real_draw(recipe.data, n, seed),
    )
    words = f"{n:,} samples of G and {n:,} of p_data"
    words = f"{words} in the plane" if G.n_out == 2 else f"Densities of {words}"
    return _chart(words, lambda axes: draw_toy(axes, samples, real), words, height=4.2)


def _checkpoint(source):
    return f"{source['file']}, iteration {source['iteration']:,}"


def _evaluation(run, source):
    """The measures and their checkpoint; `source` is the checkpoint of the samples on the page."""
    command = f"<code>{escape(f'numpygan evaluate {shell_word(run.path)}')}</code>"
    result = run.read_evaluation()
    if result is None:
        return f"<p>Not evaluated yet. Run {command}, then make this page again.</p>"
    measured = _measured(result.get("source"))
    if measured == _measured(source):
        of = f"<p>Measured on {escape(measured)}, like the samples above.</p>"
    else:
        of = (
            "<p class=stale role=note><strong>Not of the samples above.</strong> These measures "
            f"are of {escape(measured)}; the samples above are from {escape(_checkpoint(source))}. "
            f"To measure these, run {command} and make this page again.</p>"
        )
    bodies = "".join(
        f"<tbody><tr><th scope=row>{escape(str(row['metric']))}</th>"
        f"<td>{_with_error(row['value'], row.get('se'))}</td>"
        f"<td>{_with_error(row.get('real'), row.get('real_se'))}</td></tr>"
        f"<tr><td class=detail colspan=3><p>{escape(str(row.get('detail', '')))}</p>"
        f"<p>Limits: {escape(str(row.get('caveat', '')))}</p></td></tr></tbody>"
        for row in result["rows"]
    )
    names = ("measure", "samples ± SE", "real data ± SE")
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    page = f"{of}<table><thead><tr>{head}</tr></thead>{bodies}</table>"
    if result.get("data") == "mnist":
        published = ", ".join(f"{name} {mean:g} ± {se:g}" for name, mean, se in TABLE1)
        words = f"Published Parzen log-likelihoods on MNIST (nats): {published}."
    elif result.get("data") == "stacked-mnist":
        published = "; ".join(f"{name}: {modes:g}, {kl:g}" for name, modes, _, kl, _ in STACKED)
        words = f"Published modes and reverse KL (nats) on stacked MNIST: {published}."
    else:
        return page
    return f"{page}<p class=detail>{escape(words)}</p>"


def _measured(source):
    """The words for what was evaluated; `source` comes from a file and may be anything."""
    if not isinstance(source, dict) or not isinstance(source.get("file"), str):
        return "a checkpoint that evaluation.json does not name"
    named = type(source.get("iteration")) is int
    return _checkpoint(source) if named else f"the samples in {source['file']}"


def _with_error(value, se):
    """`value` ± standard error, rounded to the first two digits of the standard error."""
    if not isinstance(value, (int, float)):
        return "–" if value is None else escape(str(value))
    if not isinstance(se, (int, float)) or not 0 < se < math.inf:
        return f"<b>{value:.4g}</b>".replace("-", "−")
    digits = max(0, 1 - math.floor(math.log10(se)))
    text = f'<b>{value:.{digits}f}</b> <span class="error">± {se:.{digits}f}</span>'
    return text.replace("-", "−")
