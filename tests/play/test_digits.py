"""A live game on images: the nearest training images, D's verdicts, and the Parzen curve."""

from dataclasses import replace

import numpy
import pytest

from numpygan.data.dataset import Dataset
from numpygan.metrics.parzen import log_likelihoods
from numpygan.play import datasets, digits
from numpygan.play.eye import fixed_noise
from numpygan.play.match import Match
from numpygan.play.setup import Setup
from numpygan.recipes.builtin import RECIPES

IMAGES = replace(
    RECIPES["mnist"],
    generator=("relu 12", "sigmoid"),
    scale_g=(0.0, 0.0),
    discriminator=("maxout 6x2",),
    keep=(0.8, 0.5),
    scale_d=(0.0, 0.0),
    noise_dim=4,
    batch=10,
)


@pytest.fixture
def match(monkeypatch):
    """A game on random images, 4 × 4, whose picture measures in each frame."""
    draw = numpy.random.default_rng(0).integers(0, 256, (260, 16), dtype="uint8")
    few = Dataset(draw[:200], draw[200:250], draw[250:], (4, 4))
    monkeypatch.setattr(datasets, "_mnist", lambda: few)
    monkeypatch.setattr(digits, "_SECONDS", 0.0)
    return Match(Setup(IMAGES), lambda: None)


def test_the_nearest_training_images_and_their_distances(match):
    match.advance()
    view = match.frame()["view"]
    G = match.training.sampler
    z = fixed_noise(match.training, 10)
    samples = G.forward(z, G.tape(10, training=False))
    train = match.setup.dataset().train / 255.0
    distance = numpy.linalg.norm(samples[:, None] - train, axis=2)
    assert view["pairs_at"] == 1 and len(set(distance.argmin(1))) > 1
    assert numpy.array_equal(view["nearest"], (train[distance.argmin(1)] * 255).round())
    assert numpy.allclose(view["distances"], distance.min(1), rtol=1e-5)
    assert view["verdicts"].shape == (30,) and (0 < view["verdicts"]).all()


def test_the_parzen_curve_goes_on_through_changes_and_back_through_rewinds(match):
    for _ in range(4):
        match.advance()
        view = match.frame()["view"]
    assert view["parzen"][:, 0].tolist() == [1, 2, 3, 4]
    iteration, nats, sigma = view["parzen"][-1]
    G = match.training.sampler
    samples = G.forward(fixed_noise(match.training, 400), G.tape(400, training=False))
    points = match.setup.dataset().validation / numpy.float32(255)
    assert nats == pytest.approx(log_likelihoods(samples, points, [sigma]).mean(), abs=1e-4)
    match.change(match.setup.changed({"learning_rate_g": "0.05"}))
    match.advance()
    assert match.frame()["view"]["parzen"][:, 0].tolist() == [1, 2, 3, 4, 5]
    match.rewind(2)
    kept = match.frame()["view"]["parzen"]
    assert kept[:, 0].tolist() == [1, 2] and numpy.array_equal(kept[0], view["parzen"][0])


def test_between_two_measurements_there_are_seconds(match, monkeypatch):
    monkeypatch.setattr(digits, "_SECONDS", 1e9)
    for _ in range(3):
        match.advance()
        view = match.frame()["view"]
    assert view["pairs_at"] == 1 and len(view["parzen"]) == 1
