# %% [markdown]
# # Lesson 7. The clinic
#
# About 45 minutes. Twelve patients wait. Each has a mistake that is easy to make in a GAN written
# by hand, and hard to see. After this lesson you can
#
# * find a wrong gradient with a checker instead of by reading alone;
# * tell from a symptom where to look;
# * mend it, and prove that it is mended.
#
# For each patient: read the code, and run `check`. It says what is wrong. Find out *why*, in your
# own words, and only then mend the code. `check` says `right` when the patient is healthy.
#
# Most of these GANs do train. That is why such mistakes live long: noise and Adam hide a wrong
# factor, a lost term, sometimes a wrong sign. The pictures get worse, and one blames "the
# instability of GANs".

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check


def sigma(a):
    return 1 / (1 + np.exp(-np.clip(a, -60, 60)))


# %% [markdown]
# ## Ward 1: layers
#
# Each patient is a subclass of a correct layer of numpygan, and overrides one method with a
# mistake. You can also ask the checker directly. Here it looks at patient 1:

# %% [markdown]
# ### Patient 1. ReLU
# *"It trains, but half as fast as it should."*


# %%
class Patient1(ng.ReLU):
    """y = max(x, 0)"""

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * (t.x > 0)  # the sign of the gradient has no say
        # END SOLUTION
        #: t.gx[...] = gy * (gy > 0)


# %%
print(ng.gradcheck([ng.Affine(3, 4), Patient1(), ng.Affine(4, 2)]))

# %%
check(Patient1)

# %% [markdown]
# ### Patient 2. Sigmoid
# *"The derivative is s(1 − s), it says so in every book."*


# %%
class Patient2(ng.Sigmoid):
    """y = σ(x)"""

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * t.y * (1 - t.y)  # s is the output, not the input
        # END SOLUTION
        #: t.gx[...] = gy * t.x * (1 - t.x)


# %%
check(Patient2)

# %% [markdown]
# ### Patient 3. Affine
# *"I have to set the learning rate 100 times larger than everybody else."*
#
# The loss is a mean over the minibatch. Its slope, `gy`, has $1/m$ in it already.


# %%
class Patient3(ng.Affine):
    """y = x W + b"""

    def backward_params(self, gy, t):
        # BEGIN SOLUTION
        self.gW[...] = t.x.T @ gy
        self.gb[...] = gy.sum(0)
        # END SOLUTION
        #: self.gW[...] = t.x.T @ gy / len(gy)
        #: self.gb[...] = gy.mean(0)


# %%
check(Patient3)

# %% [markdown]
# ### Patient 4. Tanh
# *"The layer is right. The layer above it is wrong, but only sometimes."*


# %%
class Patient4(ng.Tanh):
    """y = tanh x"""

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * (1 - t.y**2)  # gy belongs to others, who may still read it
        # END SOLUTION
        #: gy *= 1 - t.y**2
        #: t.gx[...] = gy


# %%
check(Patient4)

# %% [markdown]
# ### Patient 5. Dropout
# *"Dropout makes everything worse. I have left it out."*
#
# `draw_mask` is called once per pass, before `forward`.


# %%
class Patient5(ng.Dropout):
    """y = x ⊙ mask"""

    def draw_mask(self, t, stream):
        stream.keep(t.mask, self.keep)

    def forward(self, x, t):
        t.y[...] = x * t.mask

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * t.mask  # the mask that forward used
        # END SOLUTION
        #: mask = (np.random.random(gy.shape) < self.keep) / self.keep
        #: t.gx[...] = gy * mask


# %%
check(Patient5)

# %% [markdown]
# ### Patient 6. Tanh again
# *"The network passes every test. In the GAN its gradient is wrong."*
#
# D looks at real rows, then at generated rows, and only then goes back through the real ones.


# %%
class Patient6(ng.Tanh):
    """y = tanh x"""

    def forward(self, x, t):
        # BEGIN SOLUTION
        t.y[...] = np.tanh(x)  # what backward needs belongs to the pass, so it is on the tape
        # END SOLUTION
        #: self.cache = np.tanh(x)
        #: t.y[...] = self.cache

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * (1 - t.y**2)
        # END SOLUTION
        #: t.gx[...] = gy * (1 - self.cache**2)


# %%
check(Patient6)

# %% [markdown]
# ## Ward 2: the objective
#
# ### Patient 7. The value function
# *"After an hour the loss is nan. I add 1e-8 everywhere; then the nan is gone, but D stops
# learning."*


# %%
def patient7(a_real, a_fake):
    """V = mean log σ(a_real) + mean log(1 − σ(a_fake)); finite for every finite logit."""
    # BEGIN SOLUTION
    # log σ(a) = −log(1 + e^−a), and log(1 − σ(a)) = −log(1 + e^a): no rounded σ in a logarithm.
    return -np.logaddexp(0, -a_real).mean() - np.logaddexp(0, a_fake).mean()
    # END SOLUTION
    #: D_real, D_fake = 1 / (1 + np.exp(-a_real)), 1 / (1 + np.exp(-a_fake))
    #: return np.log(D_real).mean() + np.log(1 - D_fake).mean()


# %%
check(patient7)

# %% [markdown]
# ### Patient 8. The slopes of V
# *"D learns fast at first. When it is sure and wrong, it never learns from it."*
#
# D ends at its logit. These slopes start its backward pass.


# %%
def patient8(a_real, a_fake):
    """∂V/∂a_real and ∂V/∂a_fake, each (m, 1)."""
    D_real, D_fake = sigma(a_real), sigma(a_fake)
    # BEGIN SOLUTION
    # At the logit σ′ has cancelled already.
    return (1 - D_real) / len(a_real), -D_fake / len(a_fake)
    # END SOLUTION
    #: real = (1 - D_real) * D_real * (1 - D_real)
    #: fake = -D_fake * D_fake * (1 - D_fake)
    #: return real / len(a_real), fake / len(a_fake)


# %%
check(patient8)

# %% [markdown]
# ## Ward 3: the game
#
# Here the steps of Algorithm 1 are functions. The checker plays each with a correct step of the
# other network.
#
# ### Patient 9. D's step
# *"D accepts noise as digits."*


# %%
def patient9(G, D, p_data, p_z, rule_d, dropout, m):
    """One step of D: θ_d ascends V."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(2 * m)
    p_z.minibatch(z)
    p_data.minibatch(pass_d.x[:m])
    pass_d.x[m:] = G.forward(z, pass_g)
    D.draw_masks(pass_d, dropout)
    a = D.forward(pass_d.x, pass_d)
    real, fake = sigma(-a[:m]) / m, -sigma(a[m:]) / m
    # BEGIN SOLUTION
    # backward writes D.grad, it does not add: one pass over both halves.
    D.backward(np.concatenate([real, fake]), pass_d)
    rule_d.ascend()
    # END SOLUTION
    #: D.backward(real, pass_d[:m])
    #: D.backward(fake, pass_d[m:])
    #: rule_d.ascend()


# %%
check(patient9)

# %% [markdown]
# ### Patient 10. G's step
# *"D's accuracy goes up, and then suddenly down, again and again."*


# %%
def patient10(G, D, p_z, rule_g, rule_d, dropout, m):
    """One step of G: θ_g descends −mean log D(G(z))."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(m)
    p_z.minibatch(z)
    fake = G.forward(z, pass_g)
    D.draw_masks(pass_d, dropout)
    slope = -sigma(-D.forward(fake, pass_d)) / m
    # BEGIN SOLUTION
    # D is a part of the function, but only G moves.
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    rule_g.descend()
    # END SOLUTION
    #: G.backward(D.backward(slope, pass_d), pass_g)
    #: rule_g.descend()
    #: rule_d.descend()


# %%
check(patient10)

# %% [markdown]
# ### Patient 11. G's step, with a picture
# *"It got worse when I began to save a picture at each step."*


# %%
def patient11(G, D, p_z, rule_g, rule_d, dropout, m):
    """One step of G: θ_g descends −mean log D(G(z))."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(m)
    p_z.minibatch(z)
    fake = G.forward(z, pass_g)
    D.draw_masks(pass_d, dropout)
    slope = -sigma(-D.forward(fake, pass_d)) / m
    # BEGIN SOLUTION
    # The picture shows samples that are there; no other pass goes over this tape.
    picture = fake.copy()
    # END SOLUTION
    #: p_z.minibatch(z)
    #: picture = G.forward(z, pass_g)  # some samples to look at
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    rule_g.descend()
    return picture


# %%
check(patient11)

# %% [markdown]
# ## Ward 4: the optimizer
#
# ### Patient 12. Adam
# *"The paper's learning rate does nothing at all here. Mine is 10 times larger, and it diverges
# after some epochs."*


# %%
def patient12(theta, m, v, g, t, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Step t of Adam, t = 1, 2, …; changes theta, m and v in place."""
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    # BEGIN SOLUTION
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)  # the correction fades with t
    # END SOLUTION
    #: m_hat, v_hat = m / (1 - beta1), v / (1 - beta2)
    theta -= rate * m_hat / (np.sqrt(v_hat) + epsilon)


# %%
check(patient12)

# %% [markdown]
# ## Rounds
#
# Your patients play: D's step is patient 9, G's step is patient 10 or patient 11. Run this cell
# before and after you have mended them. Would you have seen the mistakes here?


# %%
class Ring:
    rng = np.random.default_rng(0)

    def minibatch(self, out):
        turn = 2 * np.pi * self.rng.integers(8, size=len(out)) / 8
        out[...] = np.stack([np.cos(turn), np.sin(turn)], 1)
        out += 0.05 * self.rng.normal(size=out.shape)


figure, both = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
for axes, g_step in zip(both, (patient10, patient11)):
    streams = ng.streams(1)
    G = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 2)])
    D = ng.MLP(
        [
            ng.Affine(2, 64),
            ng.LeakyReLU(0.2),
            ng.Affine(64, 64),
            ng.LeakyReLU(0.2),
            ng.Affine(64, 1),
        ]
    )
    for net in (G, D):
        net.initialize(streams["init"])
    p_data, p_z = Ring(), ng.Noise("uniform", streams["noise"])
    rules = ng.Adam(G, 1e-3), ng.Adam(D, 1e-3)
    for _ in range(2000):
        patient9(G, D, p_data, p_z, rules[1], streams["dropout"], 128)
        g_step(G, D, p_z, *rules, streams["dropout"], 128)
    x, z = np.empty((1000, 2), "float32"), np.empty((1000, 2), "float32")
    p_data.minibatch(x)
    p_z.minibatch(z)
    axes.scatter(*x.T, s=4, label="data")
    axes.scatter(*G.forward(z, G.tape(1000)).T, s=4, label="G(z)")
    axes.set_title(g_step.__name__)
both[0].legend()
plt.show()

# %% [markdown]
# ## To think about
#
# 1. Which of the twelve would you have found from the samples? Which from the loss?
# 2. For three patients, $V$ still rises in D's steps. Why is "the loss goes the right way" such a
#    weak test?
# 3. Take a GAN of your own, or one from the web. Wrap its layers as `ng.Layer`, or its loop as
#    `algorithm1`. What does the checker say?
