"""Pictures: grids of samples, and learning curves."""

import io
import math
import warnings

import numpy

from ..data.dataset import as_float
from ..data.meaning import REACHED
from ..files import write_bytes
from .plot import BLUE, GREEN, GREY, ORANGE, saved_figure


def limits(recipe, train=None):
    """The values (low, high) of black and white in pictures of a recipe's images.

    They are the limits of G's visible layer. A linear layer has none; then they are the limits of
    `train` (N, d), or None (the limits of the picture's own rows) if `train` is None.
    """
    known = REACHED.get(recipe.generator[-1])
    return known if known or train is None else limits_of(train)


def limits_of(rows):
    """[0, 1] or [−1, 1] if the rows lie in it, else their least and greatest value."""
    if rows.dtype == numpy.uint8:
        return 0.0, 1.0
    low, high = float(numpy.nanmin(rows)), float(numpy.nanmax(rows))
    if low >= -1 and high <= 1:
        return (0.0 if low >= 0 else -1.0), 1.0
    return low, max(high, low + 1e-8)


def as_images(rows, image_shape, limits=(0.0, 1.0)):
    """Rows (N, d) as images (N, height, width[, 3]) in [0, 1]: (x − low)/(high − low), clipped.

    All images have the same `limits` (low, high); None: the limits of the rows.
    """
    low, high = limits or limits_of(rows)
    images = as_float(rows).reshape(-1, *image_shape)
    if len(image_shape) == 3:
        images = images.transpose(0, 2, 3, 1)
    return numpy.nan_to_num(numpy.clip((images - low) / (high - low), 0, 1))


def tile(images, columns, gap=2):
    """Images (N, height, width[, 3]) as one picture with `columns` images in a row.

    White lines of `gap` pixels separate the images.
    """
    n, height, width = images.shape[:3]
    size = math.ceil(n / columns) * (height + gap) - gap, columns * (width + gap) - gap
    picture = numpy.ones((*size, *images.shape[3:]), "float32")
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def is_whole_png(content):
    """Whether the bytes are a PNG picture: its parts, their checksums, its size."""
    from PIL import Image

    too_large = Image.DecompressionBombWarning, Image.DecompressionBombError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                picture.verify()
    except (OSError, SyntaxError, ValueError, *too_large):
        return False
    return True


def png(picture):
    """A picture (height, width[, 3]) with values in [0, 1] as the bytes of a .png file."""
    from PIL import Image

    levels, file = numpy.rint(picture * 255).astype(numpy.uint8), io.BytesIO()
    Image.fromarray(levels).convert("RGBA").save(file, "png")
    return file.getvalue()


def save_picture(path, picture):
    """Write `png(picture)` to a file."""
    write_bytes(path, png(picture))


def save_samples(path, samples, image_shape=None, limits=None):
    """Samples as a picture: images, 2-D points, a histogram of 1-D values, or rows as grey levels.

    limits  the values (low, high) of black and white in images; None: the limits of the samples
    """
    if image_shape is not None:
        columns = math.ceil(math.sqrt(len(samples)))
        return save_picture(path, tile(as_images(samples, image_shape, limits), columns))
    with saved_figure(path, 4, 4) as (_, axes):
        if samples.shape[1] == 1:
            axes.hist(samples[:, 0], bins=40, color=GREEN)
            axes.set(xlabel="x", ylabel="samples of G(z)")
        elif samples.shape[1] == 2:
            axes.scatter(*samples.T, s=6, color=GREEN)
            axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
        else:
            axes.imshow(samples, aspect="auto", cmap="gray", interpolation="nearest")
            axes.set(xlabel="component of x", ylabel="sample of G(z)")


def save_learning_curves(path, rows):
    """V and −log 4, D(x), D(G(z)) and ½, and the validation Parzen log-likelihood, over the epochs.

    The Parzen panel is left out if no row has this value.
    """
    panels = learning_panels(rows)
    with saved_figure(path, 4.5 * len(panels), 3.4, len(panels)) as (_, all_axes):
        for axes, draw in zip(all_axes, panels.values()):
            draw(axes)


def learning_panels(rows):
    """The panels of the learning curves by title: functions that draw on given axes.

    A curve connects the rows that have a value. A curve of fewer than three points shows them.
    """

    def curve(axes, name, label, **style):
        known = [row for row in rows if math.isfinite(row["epoch"]) and math.isfinite(row[name])]
        marker = "o" if len(known) < 3 else None
        x, y = ([row[column] for row in known] for column in ("epoch", name))
        axes.plot(x, y, marker=marker, label=label, **style)

    def finish(axes, ylabel, title, **limits):
        axes.set(xlabel="epoch", ylabel=ylabel, title=title, **limits)
        # Long numbers of a short run would overlap: a tick for its only point, else a few.
        epochs = {row["epoch"] for row in rows if math.isfinite(row["epoch"])}
        if len(epochs) == 1:
            axes.set_xticks(list(epochs))
        else:
            axes.locator_params(axis="x", nbins=5)
        # Below the axes, so that the legend covers no curve.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False)

    def value(axes):
        curve(axes, "V", "V(D, G)", color=BLUE)
        label = r"$-\log\,4$, where $p_g = p_{data}$"
        axes.axhline(-math.log(4), color=GREY, linestyle=":", label=label)
        finish(axes, "nats", "Value of the game")

    def verdict(axes):
        curve(axes, "D_real", "D(x)", color=BLUE)
        curve(axes, "D_fake", "D(G(z))", color=ORANGE, linestyle="--")
        axes.axhline(0.5, color=GREY, linestyle=":", label="½")
        finish(axes, "mean probability", "Verdict of the discriminator", ylim=(-0.02, 1.02))

    def parzen(axes):
        curve(axes, "parzen", "validation", color=GREEN)
        finish(axes, "nats", "Parzen log-likelihood")

    panels = {"Value of the game": value, "Verdict of the discriminator": verdict}
    if any(math.isfinite(row["parzen"]) for row in rows):
        panels["Parzen log-likelihood"] = parzen
    return panels
