"""The error of numerical derivatives against their step.

The central difference is best near 1e−5 and then gets worse. The complex step is exact from 1e−8
on, whatever the step is.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng

net = ng.MLP([ng.Affine(3, 8), ng.Tanh(), ng.Affine(8, 1)], dtype="float64")
net.initialize(ng.Stream(0))
tape, direction = net.tape(5), np.random.default_rng(0).normal(size=net.theta.shape)
ng.Stream(1).normal(tape.x)
net.forward(tape.x, tape)
net.backward(np.ones((5, 1)), tape)  # L is the sum of the outputs
exact = net.grad @ direction


def loss(step):
    twin = net.copy("complex128")
    twin.theta = (net.theta + step * direction).astype(complex)
    return twin.forward(tape.x.astype(complex), twin.tape(5)).sum()


def error(found):
    return max(abs(found / exact - 1), 1e-17)


steps = np.logspace(0, -16, 65)
central = [error((loss(h) - loss(-h)).real / (2 * h)) for h in steps]
complex_step = [error(loss(1j * h).imag / h) for h in steps]
figure, axes = plt.subplots(figsize=(8, 4))
axes.loglog(steps, central, label="central difference")
axes.loglog(steps, complex_step, label="complex step")
axes.set(xlabel="step", ylabel="relative error")
axes.invert_xaxis()
axes.legend()
