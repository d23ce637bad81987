"""What D teaches G: its probability, and the arrow −∂L/∂x at each sample.

Two half moons. The backward pass of D, which G's step needs anyway, gives the arrows.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.gan.objective import non_saturating_slope, probability

rng = np.random.default_rng(1)
angle, moon = np.pi * rng.random(4000), rng.integers(2, size=4000)
rows = np.stack([np.cos(angle) + moon, np.sin(angle) * (1 - 2 * moon) + moon / 2], 1)
rows = ((rows - [0.5, 0.25]) * 1.5 + 0.08 * rng.normal(size=rows.shape)).astype("float32")

streams = ng.streams(3)
G = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 2)])
D = ng.MLP([ng.Affine(2, 64), ng.Tanh(), ng.Affine(64, 64), ng.Tanh(), ng.Affine(64, 1)])
for net in (G, D):
    net.initialize(streams["init"])
data, noise = ng.Shuffled(rows, streams["data"]), ng.Noise("gaussian", streams["noise"])
rules = ng.Adam(G, 5e-4), ng.Adam(D, 2e-3)
play = ng.algorithm1(G, D, data, noise, *rules, streams["dropout"], m=128, k=2)
for _ in range(1200):
    next(play)

z = rng.normal(size=(250, 2)).astype("float32")
samples = G.forward(z, G.tape(len(z)))
tape = D.tape(len(z))
a = D.forward(samples, tape)
slope = np.empty_like(a)
non_saturating_slope(np, a, slope)
pull = -D.backward(slope, tape, params=False) * len(z)

line = np.linspace(-3, 3, 121, dtype="float32")
plane = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
surface = probability(np, D.forward(plane, D.tape(len(plane)))).reshape(121, 121)
figure, axes = plt.subplots(figsize=(7, 5))
levels = axes.contourf(line, line, surface, np.linspace(0, 1, 21), cmap="RdBu", alpha=0.7)
axes.contour(line, line, surface, [0.5], colors="k", linewidths=1)
axes.scatter(*rows[:800].T, s=2, color="0.3", label="data")
axes.scatter(*samples.T, s=6, color="C1", label="samples")
axes.quiver(*samples.T, *pull.T, color="C1", width=0.003)
figure.colorbar(levels, label="D(x)", ticks=[0, 0.5, 1])
axes.set(aspect="equal", xlim=(-3, 3), ylim=(-2.5, 2.5))
axes.legend(loc="lower left")
