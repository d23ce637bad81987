"""Each nonlinearity and its slope, as its own backward pass gives it.

A layer is fed −4 … 4, one number a row. With gy = 1 everywhere, gx is the slope.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng

x = np.linspace(-4, 4, 401)[:, None]
layers = [ng.ReLU(), ng.LeakyReLU(0.2), ng.Sigmoid(), ng.Tanh()]
figure, both = plt.subplots(1, 2, figsize=(8, 3.6))
for layer in layers:
    net = ng.MLP([ng.Affine(1, 1), layer], dtype="float64")
    net.layers[0].W[...], net.layers[0].b[...] = 1, 0
    tape = net.tape(len(x))
    y = net.forward(x, tape)
    slope = net.backward(np.ones_like(y), tape)
    both[0].plot(x, y, label=str(layer))
    both[1].plot(x, slope, label=str(layer))
both[0].set(title="y = f(x)", xlabel="x", ylim=(-1.6, 2.6))
both[1].set(title="gx for gy = 1", xlabel="x")
both[0].legend()
