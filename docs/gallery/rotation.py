"""Why averaging helps: a game that goes round, and a descent with noise.

Left: V = xy. Played in turns, the players circle the equilibrium; played at once, they spiral
outward. The mean of the iterates goes to the middle. Right: a minibatch's noise keeps θ moving;
the mean settles.
"""

import matplotlib.pyplot as plt
import numpy as np

eta, steps = 0.1, 150
turns, at_once = np.ones((steps, 2)), np.ones((steps, 2))
for t in range(1, steps):
    x, y = turns[t - 1]
    x -= eta * y
    turns[t] = x, y + eta * x
    x, y = at_once[t - 1]
    at_once[t] = x - eta * y, y + eta * x
count = np.arange(1, steps + 1)[:, None]

figure, both = plt.subplots(1, 2, figsize=(9, 4))
both[0].plot(*at_once.T, label="both at once", color="C2", lw=1)
both[0].plot(*turns.T, label="in turns", color="C0")
both[0].plot(*(turns.cumsum(0) / count).T, label="mean, in turns", color="C1")
both[0].plot(0, 0, "k+", ms=12)
both[0].set(title="V(x, y) = xy", xlabel="x", ylabel="y", aspect="equal")
both[0].legend(loc="lower right")

noise, theta = np.random.default_rng(0), np.full(2000, 3.0)
for t in range(1, len(theta)):
    theta[t] = theta[t - 1] - 0.1 * (theta[t - 1] + noise.normal())
t = np.arange(1, len(theta) + 1)
weights = t * (t + 1.0)  # numpygan's average until it reaches its β
both[1].plot(theta, lw=0.6, label="θ")
both[1].plot((weights * theta).cumsum() / weights.cumsum(), "C1", label="average, weights ~ t²")
both[1].axhline(0, color="k", lw=0.8)
both[1].set(title="noisy descent of θ²/2", xlabel="step")
both[1].legend()
