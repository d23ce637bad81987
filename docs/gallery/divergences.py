"""One Gaussian for two modes: what each divergence likes best.

KL(p ‖ q), maximum likelihood, covers both modes and the gap between them. KL(q ‖ p) takes one mode.
JSD, which the game minimises, covers both as long as they are near, and takes one when they are far
apart.
"""

import matplotlib.pyplot as plt
import numpy as np

from numpygan.theory import divergences

x = np.linspace(-9, 9, 601)
w = np.full(len(x), x[1] - x[0])  # the weights of the integral


def log_gaussian(mean, std):
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std * np.sqrt(2 * np.pi))


measures = {
    "KL(p ‖ q)": lambda log_p, log_q: divergences.kl(log_p, log_q, w),
    "JSD": lambda log_p, log_q: divergences.jsd(log_p, log_q, w),
    "KL(q ‖ p)": lambda log_p, log_q: divergences.kl(log_q, log_p, w),
}
settings = [(mean, std) for mean in np.linspace(-4, 4, 41) for std in np.linspace(0.4, 4, 37)]
figure, panels = plt.subplots(2, 3, figsize=(9, 5), sharex=True, sharey=True)
for row, far in zip(panels, (2, 3)):
    log_p = np.logaddexp(
        np.log(0.7) + log_gaussian(-far, 0.8), np.log(0.3) + log_gaussian(far, 0.8)
    )
    for axes, (name, measure) in zip(row, measures.items()):
        mean, std = min(settings, key=lambda setting: measure(log_p, log_gaussian(*setting)))
        axes.fill_between(x, np.exp(log_p), alpha=0.3, label="p")
        axes.plot(x, np.exp(log_gaussian(mean, std)), "C1", label="best Gaussian q")
        axes.set(title=f"{name}: mean {mean:.1f}, std {std:.1f}", xlim=(-6, 6))
panels[0, 0].legend(fontsize="small")
figure.tight_layout()
