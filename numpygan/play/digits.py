"""What is shown of a game on images: samples, examples, and D's verdicts."""

import numpy

from ..errors import NumpyganError
from ..gan.objective import probability
from .eye import Eye, fixed_noise, mean_push

_SAMPLES = 30  # of fixed noise, so that one can watch each change
_ROWS = 10  # of the minibatch


class Images:
    """The picture of a game on images with pixels in [0, 1]."""

    kind = "images"

    def __init__(self, setup, training):
        self.training, self.shape = training, setup.dataset().image_shape
        self.samples = Eye(training.sampler, fixed_noise(training, _SAMPLES))
        self.D = Eye(training.D, numpy.zeros((_SAMPLES, training.D.n_in)))

    def look(self, surface, mesh=False):
        if surface != "D":
            raise NumpyganError("surface: images have none.")

    def setup_data(self):
        about = f"Samples: G of {_SAMPLES} fixed noise rows; D judges them without dropout."
        return {
            "kind": self.kind,
            "shape": list(self.shape),
            "surfaces": {},
            "modes": None,
            "about": about,
        }

    def frame(self, valid):
        samples = self.samples.see()
        found = {"samples": _bytes(samples), "verdicts": self._verdicts(samples), "modes": None}
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

    def _verdicts(self, samples):
        return probability(numpy, self.D.see(samples))[:, 0].astype("float64")


def _bytes(rows):
    """Pixels in [0, 1] as 0..255."""
    return (numpy.clip(rows, 0, 1) * 255).round().astype("uint8")
