"""MNIST with small networks: 1,500 iterations, samples of the averaged G.

The last row shows training images. `numpygan train mnist` has wider networks and trains longer.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.data.dataset import as_float, load_dataset
from numpygan.gan.average import Average
from numpygan.recipes.builtin import RECIPES

rows = as_float(load_dataset(RECIPES["mnist"]).train[:20000]).astype("float32")
streams = ng.streams(0)
bias = np.log(np.clip(rows.mean(0), 1e-4, 1)) - np.log1p(-np.clip(rows.mean(0), 1e-4, 0.99))
G = ng.MLP([ng.Affine(50, 128), ng.ReLU(), ng.Affine(128, 784, bias=bias), ng.Sigmoid()])
D = ng.MLP([ng.Dropout(0.8), ng.Affine(784, 120), ng.Maxout(3), ng.Affine(40, 1)])
for net in (G, D):
    net.initialize(streams["init"])
data, noise = ng.Shuffled(rows, streams["data"]), ng.Noise("uniform", streams["noise"])
rules = ng.Adam(G, 2e-3), ng.Adam(D, 1e-3)
for rule in rules:
    rule.momentum = 0.5
play = ng.algorithm1(G, D, data, noise, *rules, streams["dropout"], m=100)
average = Average(G, 0.99)
for t in range(1, 1501):
    next(play)
    average.update(t)

z = np.empty((60, 50), "float32")
noise.minibatch(z)
images = np.concatenate([average.net.forward(z, average.net.tape(60)), rows[:12]])
wall = images.reshape(6, 12, 28, 28).swapaxes(1, 2).reshape(6 * 28, 12 * 28)
figure, axes = plt.subplots(figsize=(8, 4))
axes.imshow(wall, cmap="gray_r")
axes.axhline(5 * 28 - 0.5, color="C1")
axes.axis("off")
