"""G bends the plane: a grid of z, and where G sends it.

G is a map. It cannot tear the square of z apart, so thin bridges remain between the modes.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng

rng = np.random.default_rng(0)
centres = np.array([[-2, -1], [2, -1], [0, 2]])
rows = centres[rng.integers(3, size=5000)] + 0.2 * rng.normal(size=(5000, 2))

streams = ng.streams(1)
G = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 2)])
D = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 1)])
for net in (G, D):
    net.initialize(streams["init"])
data = ng.Shuffled(rows.astype("float32"), streams["data"])
noise, rules = ng.Noise("uniform", streams["noise"]), (ng.Adam(G, 1e-3), ng.Adam(D, 1e-3))
for rule in rules:
    rule.momentum = 0.5
play = ng.algorithm1(G, D, data, noise, *rules, streams["dropout"], m=128)
for _ in range(2000):
    next(play)

edge = np.sqrt(3)  # z is uniform on (−√3, √3), which has standard deviation 1
fine, coarse = np.linspace(-edge, edge, 400), np.linspace(-edge, edge, 25)
lines = [np.stack(np.broadcast_arrays(c, fine), 1) for c in coarse]
lines += [line[:, ::-1] for line in lines]
figure, both = plt.subplots(1, 2, figsize=(8, 3.8))
both[1].scatter(*rows[:1500].T, s=2, color="0.6")
for number, z in enumerate(lines):
    colour = plt.cm.viridis((number % 25) / 24) if number < 25 else "0.5"
    both[0].plot(*z.T, color=colour, lw=0.8)
    both[1].plot(*G.forward(z.astype("float32"), G.tape(len(z))).T, color=colour, lw=0.8)
both[0].set(title="z", aspect="equal")
both[1].set(title="G(z)", aspect="equal")
