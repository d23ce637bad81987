"""What is shown of a game on images: samples, examples, D's verdicts, and what is measured."""

import math
import time

import numpy

from ..data.dataset import as_float
from ..errors import NumpyganError
from ..gan.objective import probability
from ..metrics.distances import nearest
from ..metrics.parzen import best_bandwidth
from .eye import Eye, fixed_noise, go_back, go_on, mean_push

_SAMPLES = 30  # samples of fixed noise, so that one can watch each change
_ROWS = 10  # rows of the minibatch that are shown
_SECONDS = 5.0  # the least time between two measurements; each takes as long as an iteration
_TRAIN = 10_000  # training images among which the nearest one is looked for
_KERNELS, _POINTS = 400, 400  # samples and validation images of the Parzen estimate


class Images:
    """The picture of a game on images with pixels in [0, 1]."""

    kind = "images"

    def __init__(self, setup, training):
        self.training, self.shape = training, setup.dataset().image_shape
        self.samples = Eye(training.sampler, fixed_noise(training, _SAMPLES))
        self.D = Eye(training.D, numpy.zeros((_SAMPLES, training.D.n_in)))
        dataset = setup.dataset()
        self.train = dataset.train[:_TRAIN]
        self.validation = as_float(dataset.validation[:_POINTS])
        self.kernels = Eye(training.sampler, fixed_noise(training, _KERNELS))
        self.measured, self.pairs, self.curve = -math.inf, {}, []

    def follow(self, before):
        """Go on with the curve of the picture before a change."""
        self.curve = before.curve

    def look(self, surface, mesh=False):
        if surface != "D":
            raise NumpyganError("surface: images have none.")

    def setup_data(self):
        about = (
            f"Samples: G of {_SAMPLES} fixed noise rows; D judges them without dropout. Every "
            f"{_SECONDS:g} s at most: the nearest of {len(self.train):,} training images, with "
            f"its distance; and the Parzen estimate of {len(self.validation)} validation images "
            f"from n = {_KERNELS} samples, with the best σ of 10. The paper's estimate has 10,000 "
            "samples, and is higher."
        )
        return {
            "kind": self.kind,
            "shape": list(self.shape),
            "surfaces": {},
            "modes": None,
            "about": about,
        }

    def frame(self, valid, still=True):
        samples = self.samples.see()
        found = {"samples": _bytes(samples), "verdicts": self._verdicts(samples), "modes": None}
        self._measure(samples)
        found |= self.pairs | {"parzen": numpy.array(self.curve).reshape(-1, 3)}
        if "d x" in valid:
            found["x"] = _bytes(valid["d x"][:_ROWS])
        judged = valid.get("d D forward")
        if judged is not None:
            found["x_verdicts"] = probability(numpy, judged.y[:_ROWS])[:, 0].astype("float64")
        tape = valid.get("g D backward")
        if tape is not None:
            found["mean_push"] = mean_push(tape)
            found["taught"] = _bytes(tape.x[:_ROWS])
            found["push"] = -tape.gx[:_ROWS].astype("float32")
            found["taught_verdicts"] = probability(numpy, tape.y[:_ROWS])[:, 0].astype("float64")
        return found

    def _measure(self, samples):
        """If it is time: the nearest training images, and a point of the Parzen curve.

        curve  [(iteration, nats, σ), …]
        """
        now, iteration = time.monotonic(), self.training.iteration
        go_back(self.curve, iteration)
        if now - self.measured < _SECONDS or self.pairs.get("pairs_at") == iteration:
            return
        self.measured, few = now, samples[:_ROWS]
        distance, index = nearest(few, self.train)
        self.pairs = {
            "pairs_at": iteration,
            "paired": _bytes(few),
            "nearest": _bytes(as_float(self.train[index])),
            "distances": numpy.sqrt(distance),
        }
        go_on(self.curve, (iteration, *best_bandwidth(self.kernels.see(), self.validation)))

    def _verdicts(self, samples):
        return probability(numpy, self.D.see(samples))[:, 0].astype("float64")


def _bytes(rows):
    """Pixels in [0, 1] as 0..255."""
    return (numpy.clip(rows, 0, 1) * 255).round().astype("uint8")
