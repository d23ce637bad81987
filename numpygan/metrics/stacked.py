"""Stacked-MNIST: how many of the 1,000 modes a generator finds, and how evenly.

The protocol of VEEGAN (Srivastava et al. 2017, §5) and PacGAN (Lin et al. 2018, §4.2), which
follows unrolled GANs (Metz et al. 2017, §3.3.1): draw 25,600 samples; a classifier of digits reads
each colour plane; the three digits are the mode. The classifier is numpygan's own, so results
compare with published ones only as far as the classifiers agree.
"""

import numpy

from ..arrays import Stream
from ..data.dataset import as_float, load
from ..errors import NumpyganError
from ..tables import as_text, with_error, wrapped
from .classifier import CLASSES, Classifier
from .modes import reverse_kl
from .parzen import check_samples

SAMPLES, PLANES = 25_600, 3
MODES = CLASSES**PLANES
_REAL_DRAWS = 10  # sets of real images for their row

# (name, modes, SE, reverse KL, SE), None where not published
PUBLISHED = (
    ("vanilla GAN (DCGAN), VEEGAN paper", 99.0, None, 3.40, None),
    ("VEEGAN, VEEGAN paper", 150.0, None, 2.95, None),
    ("PacDCGAN2, PacGAN paper (10 runs)", 1000.0, None, 0.06, None),
)


def modes_of(classes):
    """The mode 100 a + 10 b + c of each row of digits (a, b, c): (n, 3) -> (n,), 0 to 999."""
    return classes @ (CLASSES ** numpy.arange(PLANES)[::-1])


def coverage(modes):
    """How many of the 1,000 modes occur in `modes` (n,), and their `reverse_kl`, at most 6.91."""
    return len(numpy.unique(modes)), reverse_kl(modes, MODES)


def read_planes(classifier, samples):
    """The mode of each sample (n, 3 · 784), pixels in [0, 1]: (n,).

    The planes follow each other in a row, as in a colour image in numpygan.
    """
    planes = samples.reshape(len(samples) * PLANES, -1)
    return modes_of(classifier(planes)[1].reshape(-1, PLANES))


def evaluate(samples):
    """The measures of 25,600 samples, as "rows" of evaluation.json.

    samples  an iterable of parts (n_i, 2352) that are read one after the other
    `real` is the same measure for ten sets of 25,600 images stacked from the test digits, each
    plane drawn at random. Raises NumpyganError if there are not 25,600 rows, or they are not finite
    or not 2,352 wide.
    """
    classifier, modes = Classifier(), []
    test = as_float(load("mnist").test)
    for part in samples:
        check_samples(part, PLANES * test.shape[1])
        modes.append(read_planes(classifier, part))
    modes = numpy.concatenate(modes)
    if len(modes) != SAMPLES:
        raise NumpyganError(
            f"samples: there are {len(modes):,} rows, but the modes of stacked-mnist are "
            f"counted on {SAMPLES:,}; draw more of them."
        )
    digits, stream = classifier(test)[1], Stream(0)
    drawn = [
        digits[stream.integers(len(digits), SAMPLES * PLANES)].reshape(-1, PLANES)
        for _ in range(_REAL_DRAWS)
    ]
    real = numpy.array([coverage(modes_of(classes)) for classes in drawn])
    n = f"n = {SAMPLES:,}, a classifier of digits on each plane"
    meanings = (
        (
            "modes found",
            f"of {MODES:,}; {n}",
            f"One sample in {SAMPLES:,} is enough for a mode to count as found, and the "
            "classifier calls every image a digit, also noise.",
        ),
        (
            "reverse KL over modes (nats)",
            f"KL(p̂ ‖ uniform); {n}",
            "It does not see how the samples look. MNIST's digits are not equally frequent, so "
            "real images do not have 0.",
        ),
    )
    return [
        {
            "metric": metric,
            "value": float(value),
            "se": None,
            "real": float(truth.mean()),
            "real_se": float(truth.std(ddof=1) / len(truth) ** 0.5),
            "detail": detail,
            "caveat": caveat,
        }
        for (metric, detail, caveat), value, truth in zip(meanings, coverage(modes), real.T)
    ]


def table(rows):
    """Lines of text: the rows beside the published numbers."""
    modes, kl = rows
    lines = [("this GAN", *(row[name] for row in rows for name in ("value", "se")))]
    lines.append(("real images", *(row[name] for row in rows for name in ("real", "real_se"))))
    cells = [
        [f"  {name}", with_error(found, found_se, 1), with_error(kl, kl_se, 3)]
        for name, found, found_se, kl, kl_se in (*lines, *PUBLISHED)
    ]
    text = as_text(["stacked-mnist: mean ± SE", f"modes of {MODES:,}", "reverse KL"], cells)
    notes = [f"{row['metric']}: {row['detail']}. {row['caveat']}" for row in (modes, kl)]
    return [*text.splitlines(), "", *(line for note in notes for line in wrapped(note, 2))]
