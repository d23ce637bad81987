"""What was understood of the data, in words."""

import numpy


def form(shape, rows):
    """The shape of an image, or the width of a row."""
    return " × ".join(map(str, shape)) if shape else f"{rows.shape[1]} wide"


def in_words(parts, found, shape, scale, values):
    """How the data were read.

    For example "60,000 grey images 28 × 28, uint8, [0, 1]; test split: x_test".
    """
    n = len(parts["train"]) + sum(
        len(rows) for split, rows in parts.items() if split not in found.names
    )
    if shape is None:
        width = parts["train"].shape[1]
        what = f"{n:,} rows of {width} number{'s' if width > 1 else ''}"
    else:
        what = f"{n:,} {'colour' if len(shape) == 3 else 'grey'} images {shape[-2]} × {shape[-1]}"
    dtype = values["train"].dtype
    low, high = min(v.low for v in values.values()), max(v.high for v in values.values())
    ends = {"bits": "0 and 1", "signed": "[-1, 1]", "real": f"in [{low:.4g}, {high:.4g}]"}.get(
        scale, "[0, 1]"
    )
    if scale == "pixels" and dtype != numpy.uint8:
        ends = "0 to 255 read as [0, 1]"
    held = f"{'a random' if found.shuffle else 'the last'} {len(parts['test']):,}"
    return f"{what}, {dtype}, {ends}; test split: {found.names.get('test', held)}"


def splits_in_words(dataset, batch):
    """How many rows each split has, and how many an epoch of full minibatches leaves out.

    batch  the rows of a minibatch, 0 if the last one of an epoch may be smaller
    """
    counts = [f"{len(rows):,}" for rows in (dataset.train, dataset.validation, dataset.test)]
    words = "{} for training, {} for validation, {} for testing".format(*counts)
    rest = len(dataset.train) % batch if batch else 0
    return f"{words}; an epoch leaves out {rest:,} (no full minibatch)" if rest else words
