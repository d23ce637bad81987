"""The three losses of G and their slopes, at D's logit.

Early in training D is sure that samples are false: the logit is far to the left. There the
saturating loss has no slope; the non-saturating loss pulls with all its strength.
"""

import matplotlib.pyplot as plt
import numpy as np

from numpygan.gan.objective import G_LOSSES

a = np.linspace(-6, 4, 201)[:, None]
figure, both = plt.subplots(1, 2, figsize=(8, 3.6), sharex=True)
for name, loss in G_LOSSES.items():
    slopes = np.empty_like(a)
    loss.slope(np, a, slopes)  # of a mean over the rows
    both[0].plot(a, [loss.value(np, row[None]) for row in a], label=name)
    both[1].plot(a, slopes * len(a), label=name)
both[0].set(title="loss of one sample", xlabel="logit of D(G(z))", ylim=(-5, 6))
both[1].set(title="its slope", xlabel="logit of D(G(z))", ylim=(-3, 0.1))
both[0].legend()
