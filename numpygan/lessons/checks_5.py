"""The checks of lesson 5."""

import functools
import inspect

import numpy as np

from .judging import Wrong, expect, game_is_right, results, unchanged


def check_algorithm1(f):
    if not inspect.isgeneratorfunction(f):
        raise Wrong("the `yield` at the end of each iteration is missing; the checker waits for it")
    play = functools.wraps(f)(lambda *given: _watched(f, *given))
    for loss in ("saturating", "non_saturating"):
        game_is_right(play, loss=loss)


def _watched(f, G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, *settings):
    """The same game. Raises Wrong if it yields anything but the logits."""
    for a in f(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, *settings):
        if np.shape(a) != (2 * m, 1):
            raise Wrong("it should yield the logits of D's last step, (2m, 1): `yield pass_d.y`")
        yield a


def check_modes_found(f):
    means, std = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), 1.0
    samples = np.array([[2.5, 0], [0, -2.9], [2.5, 2.5], [0, 13.5], [0.5, 0.5], [0.0, 12.9]])
    samples = np.concatenate([samples, [[1.6, 2.0], [-1.1, 10.5]]])
    found, good = results(
        unchanged(lambda: f(samples, means, std), samples=samples, means=means),
        "the number of modes found",
        "the share of good samples",
    )
    expect(
        "the share of good samples",
        good,
        6 / 8,
        [
            (2, "the two results are exchanged: first the number of modes, then the share"),
            (600 / 8, "it is in percent; the share lies between 0 and 1"),
            (6, "this is their number; divide by the number of samples"),
            (7 / 8, "it counts a sample that is within 3σ along each axis; take the distance"),
            (5 / 8, "it adds the distances along the axes; take the distance"),
            (1.0, "it counts samples farther off than 3σ"),
            (1 / 8, "a sample is good within 3σ, not within 1σ, of its nearest mode"),
            (2 / 8, "is the distance squared, and 3σ not? Or does it count those farther off?"),
            (0.0, "no sample counts; is the distance squared, and 3σ not?"),
        ],
    )
    expect(
        "the number of modes found",
        found,
        2,
        [
            (3, "a mode without a good sample is counted"),
            (6, "this is the number of good samples; count the different modes"),
        ],
    )
    _, good = results(f(samples / 2, means / 2, std / 2), "the number of modes", "the share")
    expect(
        "the share of good samples at σ = 0.5",
        good,
        6 / 8,
        [(1.0, "σ is not used: a sample is good within 3σ")],
    )
    bad = np.array([[10.0, 3.5], [0.1, 0.0]])
    found, _ = results(f(bad, means, std), "the number of modes found", "the share")
    expect(
        "the number of modes found",
        found,
        1,
        [(2, "a mode counts as found although its only sample is farther off than 3σ")],
    )
    close = np.array([[0.0, 0.0], [2.0, 0.0]])
    found, _ = results(f(np.array([[0.1, 0.0]]), close, std), "the number of modes", "the share")
    expect(
        "the number of modes found",
        found,
        1,
        [(2, "a sample counts for one mode alone, its nearest; here it counts for two")],
    )
