"""Pictures: sample grids, learning curves. matplotlib is imported when the first one is drawn."""

import io
import math

import numpy

from ..files import write_whole

_ORANGE, _BLUE, _GREEN, _GREY = "#d55e00", "#0072b2", "#009e73", "#777777"  # told apart by the colour-blind (Okabe and Ito)


def as_images(rows, image_shape):
    """Rows (N, d) as images (N, height, width[, 3]) in [0, 1]; if any row leaves that range, each is stretched to it by itself."""
    images = rows.reshape(-1, *image_shape).astype("float32")
    if len(image_shape) == 3:
        images = images.transpose(0, 2, 3, 1)
    if images.min() < 0 or images.max() > 1:
        axes = tuple(range(1, images.ndim))
        low, high = images.min(axes, keepdims=True), images.max(axes, keepdims=True)
        images = (images - low) / numpy.maximum(high - low, 1e-8)
    return images


def tile(images, columns, gap=2):
    """Images (N, height, width[, 3]) as one picture, `columns` to a row, white lines of `gap` pixels between them."""
    n, height, width = images.shape[:3]
    lines = math.ceil(n / columns)
    picture = numpy.ones((lines * (height + gap) - gap, columns * (width + gap) - gap, *images.shape[3:]), "float32")
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def png(picture):
    """A picture (height, width[, 3]) with values in [0, 1] as the bytes of a .png file."""
    from matplotlib import image

    levels, file = numpy.rint(picture * 255).astype(numpy.uint8), io.BytesIO()
    image.imsave(file, levels, cmap="gray", vmin=0, vmax=255, format="png")
    return file.getvalue()


def save_picture(path, picture):
    """Write `png(picture)` to a file."""
    data = png(picture)
    write_whole(path, lambda file: file.write(data))


def save_samples(path, samples, image_shape=None, columns=None):
    """Samples as a picture: a grid of images, or a scatter plot of 2-D points, a histogram of 1-D ones, a map of other rows."""
    if image_shape is not None:
        columns = columns or math.ceil(math.sqrt(len(samples)))
        return save_picture(path, tile(as_images(samples, image_shape), columns))
    figure, axes = new_figure(4, 4)
    if samples.shape[1] == 1:
        axes.hist(samples[:, 0], bins=40, color=_GREEN)
        axes.set(xlabel="x", ylabel="samples of G(z)")
    elif samples.shape[1] == 2:
        axes.scatter(*samples.T, s=6, color=_GREEN)
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    else:
        axes.imshow(samples, aspect="auto", cmap="gray")
        axes.set(xlabel="component of x", ylabel="sample of G(z)")
    write_whole(path, lambda file: figure.savefig(file, format="png"))


def save_learning_curves(path, rows):
    """V against −log 4, D(x) and D(G(z)) against ½, and the validation Parzen log-likelihood if there is one, over the epochs."""
    column = lambda name: [row[name] for row in rows]  # noqa: E731
    with_parzen = any(math.isfinite(value) for value in column("parzen"))
    figure, all_axes = new_figure(4.5 * (2 + with_parzen), 3.4, 2 + with_parzen)
    epochs = column("epoch")
    marker = "o" if len(rows) < 3 else None
    value, verdicts = all_axes[:2]
    value.plot(epochs, column("V"), color=_BLUE, marker=marker, label="V(D, G)")
    value.axhline(-math.log(4), color=_GREY, linestyle=":", label="−log 4")
    value.set(xlabel="epoch", ylabel="nats", title="Value of the game")
    verdicts.plot(epochs, column("D_real"), color=_BLUE, marker=marker, label="D(x)")
    verdicts.plot(epochs, column("D_fake"), color=_ORANGE, linestyle="--", marker=marker, label="D(G(z))")
    verdicts.axhline(0.5, color=_GREY, linestyle=":", label="½")
    verdicts.set(xlabel="epoch", ylabel="mean probability", ylim=(0, 1), title="Verdict of the discriminator")
    if with_parzen:
        all_axes[2].plot(epochs, column("parzen"), color=_GREEN, marker=marker, label="validation")
        all_axes[2].set(xlabel="epoch", ylabel="nats", title="Parzen log-likelihood")
    for axes in all_axes:
        axes.legend(frameon=False)
    write_whole(path, lambda file: figure.savefig(file, format="png"))


def new_figure(width, height, columns=1):
    """A matplotlib figure of `columns` plots side by side, and its axes; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for one in numpy.atleast_1d(axes):
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes
