"""Draw docs/paper.png: the validation log-likelihood of runs of `paper`, in paper.csv."""

import csv
from pathlib import Path

from numpygan.figures.plot import BLUE, GREEN, GREY, ORANGE, saved_figure

COLOURS = {"seed 0": BLUE, "seed 1": ORANGE, "seed 2": GREEN}
STYLES = {
    "": {"linewidth": 0.9, "alpha": 0.6},
    "averaged": {"linewidth": 1.2},
    "averaged longer": {"linewidth": 2.2, "alpha": 0.7},
}

here = Path(__file__).parent
with open(here / "paper.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
with saved_figure(here / "paper.png", 8, 4, dpi=120) as (figure, axes):
    for name in [key for key in rows[0] if key != "epoch"]:
        epochs = [int(row["epoch"]) for row in rows if row[name]]
        nats = [float(row[name]) for row in rows if row[name]]
        seed, _, samples = name.partition(", ")
        axes.plot(epochs, nats, color=COLOURS[seed], label=name, **STYLES[samples])
    axes.axhline(225, color=GREY, linestyle=":", label="the paper's result (test set)")
    axes.set(ylim=(0, 240), xlabel="epoch", ylabel="validation log-likelihood (nats)")
    axes.set_title("paper: the authors' settings, without and with averaged samples")
    axes.legend(frameon=False, loc="lower right")
