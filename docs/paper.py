"""Draw docs/paper.png: the validation log-likelihood of three runs of `paper`, in paper.csv."""

from pathlib import Path

import numpy

from numpygan.figures.plot import BLUE, GREEN, GREY, ORANGE, saved_figure

here = Path(__file__).parent
epoch, *seeds = numpy.genfromtxt(here / "paper.csv", delimiter=",", skip_header=1).T
with saved_figure(here / "paper.png", 8, 4, dpi=120) as (figure, axes):
    for seed, (curve, colour) in enumerate(zip(seeds, (BLUE, ORANGE, GREEN))):
        axes.plot(epoch, curve, color=colour, linewidth=0.9, label=f"seed {seed}")
    axes.axhline(225, color=GREY, linestyle=":", label="the paper's result (test set)")
    axes.set(ylim=(0, 240), xlabel="epoch", ylabel="validation log-likelihood (nats)")
    axes.set_title("paper: the authors' settings")
    axes.legend(frameon=False, loc="lower right")
