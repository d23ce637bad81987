"""Proposition 1: D, trained alone, becomes p/(p + q).

Both densities are known here, so the best D is known, too. D never sees them. It sees samples.
"""

import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.gan.objective import probability, value_slopes

rng, m = np.random.default_rng(0), 500
D = ng.MLP([ng.Affine(1, 64), ng.Tanh(), ng.Affine(64, 64), ng.Tanh(), ng.Affine(64, 1)])
D.initialize(ng.Stream(0))
rule, tape = ng.Adam(D, 3e-3), D.tape(2 * m)
x = np.linspace(-5, 5, 301, dtype="float32")[:, None]
density = lambda x, mean, std: np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))

figure, axes = plt.subplots(figsize=(8, 4))
slopes = np.empty((2 * m, 1), "float32")
for iteration in range(1, 1501):
    tape.x[:m, 0] = rng.choice([-1.5, 1.5], m) + 0.5 * rng.normal(size=m)  # p
    tape.x[m:, 0] = rng.normal(size=m) * 1.5 + 0.5  # q
    a = D.forward(tape.x, tape)
    value_slopes(np, a[:m], a[m:], slopes[:m], slopes[m:])
    D.backward(slopes, tape)
    rule.ascend()
    if iteration in (20, 150, 1500):
        D_x = probability(np, D.forward(x, D.tape(len(x))))
        axes.plot(x, D_x, label=f"D after {iteration} steps", alpha=0.9)
p = (density(x, -1.5, 0.5) + density(x, 1.5, 0.5)) / 2
q = density(x, 0.5, 1.5)
axes.plot(x, p / (p + q), "k--", label="D* = p/(p + q)")
axes.fill_between(x[:, 0], p[:, 0], alpha=0.2, label="p")
axes.fill_between(x[:, 0], q[:, 0], alpha=0.2, label="q")
axes.set(xlabel="x", xlim=(-5, 5))
axes.legend(fontsize="small", ncols=2)
