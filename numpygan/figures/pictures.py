"""Pictures: sample grids, learning curves."""

import io
import math

import numpy

from ..data.dataset import as_float
from ..files import write_whole
from .plot import BLUE, GREEN, GREY, ORANGE, saved_figure


def limits(recipe, train=None):
    """The values (low, high) of black and white in pictures of a recipe's images, as its visible
    layer has them.

    A linear layer has no limits; they are then of the data, `train` (N, d), or if that is None of
    what is drawn: None.
    """
    known = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}.get(recipe.generator[-1])
    return known if known or train is None else limits_of(train)


def limits_of(rows):
    """The same of rows whose making is unknown: [0, 1] or [−1, 1] if they lie there, else their
    least and largest value.
    """
    if rows.dtype == numpy.uint8:
        return 0.0, 1.0
    low, high = float(numpy.nanmin(rows)), float(numpy.nanmax(rows))
    if low >= -1 and high <= 1:
        return (0.0 if low >= 0 else -1.0), 1.0
    return low, max(high, low + 1e-8)


def as_images(rows, image_shape, limits=(0.0, 1.0)):
    """Rows (N, d) as images (N, height, width[, 3]) in [0, 1]: (x − low)/(high − low), cut off
    there; `limits` is (low, high).

    All have one scale. `limits` None: those of the rows.
    """
    low, high = limits or limits_of(rows)
    images = as_float(rows).reshape(-1, *image_shape)
    if len(image_shape) == 3:
        images = images.transpose(0, 2, 3, 1)
    return numpy.nan_to_num(numpy.clip((images - low) / (high - low), 0, 1))


def tile(images, columns, gap=2):
    """Images (N, height, width[, 3]) as one picture, `columns` to a row, white lines of `gap`
    pixels between them.
    """
    n, height, width = images.shape[:3]
    lines = math.ceil(n / columns)
    picture = numpy.ones(
        (lines * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:]), "float32"
    )
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def png(picture):
    """A picture (height, width[, 3]) with values in [0, 1] as the bytes of a .png file."""
    from PIL import Image

    levels, file = numpy.rint(picture * 255).astype(numpy.uint8), io.BytesIO()
    Image.fromarray(levels).convert("RGBA").save(file, "png")
    return file.getvalue()


def save_picture(path, picture):
    """Write `png(picture)` to a file."""
    data = png(picture)
    write_whole(path, lambda file: file.write(data))


def save_samples(path, samples, image_shape=None, limits=None):
    """Samples as a picture: a grid of images, or a scatter plot of 2-D points, a histogram of 1-D
    ones, a map of other rows.

    limits  the values (low, high) of black and white in images, None for those of the samples
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
    """V against −log 4, D(x) and D(G(z)) against ½, and the validation Parzen log-likelihood if
    there is one, over the epochs.

    Each curve goes through the rows that have a value; one that few have is drawn with points.
    """
    with_parzen = any(math.isfinite(row["parzen"]) for row in rows)

    def curve(axes, name, label, **style):
        known = [row for row in rows if math.isfinite(row["epoch"]) and math.isfinite(row[name])]
        marker = "o" if len(known) < 3 else None
        x, y = ([row[column] for row in known] for column in ("epoch", name))
        axes.plot(x, y, marker=marker, label=label, **style)

    panels = 2 + with_parzen
    with saved_figure(path, 4.5 * panels, 3.4, panels) as (_, all_axes):
        value, verdicts = all_axes[:2]
        curve(value, "V", "V(D, G)", color=BLUE)
        value.axhline(
            -math.log(4), color=GREY, linestyle=":", label=r"$-\log\,4$, where $p_g = p_{data}$"
        )
        value.set(xlabel="epoch", ylabel="nats", title="Value of the game")
        curve(verdicts, "D_real", "D(x)", color=BLUE)
        curve(verdicts, "D_fake", "D(G(z))", color=ORANGE, linestyle="--")
        verdicts.axhline(0.5, color=GREY, linestyle=":", label="½")
        verdicts.set(xlabel="epoch", ylabel="mean probability", ylim=(-0.02, 1.02))
        verdicts.set(title="Verdict of the discriminator")
        if with_parzen:
            curve(all_axes[2], "parzen", "validation", color=GREEN)
            all_axes[2].set(xlabel="epoch", ylabel="nats", title="Parzen log-likelihood")
        for axes in all_axes:  # below the axes, where a legend covers no curve
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, frameon=False)
