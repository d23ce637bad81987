"""Algorithm 1 on eight Gaussians: how samples find the modes.

Orange are samples of G, blue are the data.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng

rng = np.random.default_rng(0)
turn = 2 * np.pi * rng.integers(8, size=4000) / 8
rows = 2 * np.stack([np.cos(turn), np.sin(turn)], 1) + 0.1 * rng.normal(size=(4000, 2))

streams = ng.streams(0)
G = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 2)])
D = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 1)])
for net in (G, D):
    net.initialize(streams["init"])
data = ng.Shuffled(rows.astype("float32"), streams["data"])
noise, rules = ng.Noise("gaussian", streams["noise"]), (ng.Adam(G, 1e-3), ng.Adam(D, 1e-3))
for rule in rules:
    rule.momentum = 0.5
play = ng.algorithm1(G, D, data, noise, *rules, streams["dropout"], m=128)

z = rng.normal(size=(600, 2)).astype("float32")  # the same z in each picture
shown = (1, 100, 400, 1000, 2500)
figure, panels = plt.subplots(1, 5, figsize=(10, 2.4), sharex=True, sharey=True)
for iteration in range(1, shown[-1] + 1):
    next(play)
    if iteration in shown:
        axes = panels[shown.index(iteration)]
        axes.scatter(*rows[:600].T, s=2, alpha=0.4)
        axes.scatter(*G.forward(z, G.tape(len(z))).T, s=2)
        axes.set(title=f"iteration {iteration:,}", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
