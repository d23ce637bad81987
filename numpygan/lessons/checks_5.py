"""The checks of lesson 5."""

import inspect

import numpy as np

from .judging import Wrong, expect, game_is_right, results, unchanged


def check_algorithm1(f):
    if not inspect.isgeneratorfunction(f):
        raise Wrong("the `yield` at the end of each iteration is missing; the checker waits for it")
    for loss in ("saturating", "non_saturating"):
        game_is_right(f, loss=loss)


def check_modes_found(f):
    means, std = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), 1.0
    samples = np.array([[2.5, 0.0], [0.0, -2.9], [2.5, 2.5], [10.0, 3.5], [0.5, 0.5], [10.0, 2.9]])
    found, good = results(
        unchanged(lambda: f(samples, means, std), samples=samples, means=means),
        "the number of modes found",
        "the share of good samples",
    )
    expect(
        "the share of good samples",
        good,
        4 / 6,
        [
            (4, "this is their number; divide by the number of samples"),
            (5 / 6, "it counts a sample that is within 3σ along each axis; take the distance"),
            (1.0, "it counts samples farther off than 3σ"),
            (2 / 6, "a sample is good within 3σ, not within 1σ, of its nearest mode"),
            (1 / 6, "a sample is good within 3σ, not within 1σ, of its nearest mode"),
            (0.0, "no sample counts; is the distance squared, and 3σ not?"),
        ],
    )
    expect(
        "the number of modes found",
        found,
        2,
        [
            (3, "a mode without a good sample is counted"),
            (4, "this is the number of good samples; count the different modes"),
        ],
    )
    bad = np.array([[10.0, 3.5], [0.1, 0.0]])
    found, _ = results(f(bad, means, std), "the number of modes found", "the share")
    expect(
        "the number of modes found",
        found,
        1,
        [(2, "a mode counts as found although its only sample is farther off than 3σ")],
    )
