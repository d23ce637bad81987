# %% [markdown]
# # Lesson 7. The clinic
#
# About 45 minutes. The picture takes half a minute to run. Twelve patients wait: twelve pieces of
# GANs, each with one mistake. The line in italics is the complaint, as the patient's owner tells
# it. After this lesson you can
#
# * find a wrong gradient with a checker, and not by reading alone;
# * tell from a symptom where to look;
# * mend it, and prove that it is mended.
#
# For each patient: read the code, and run `check`. It says *what* is wrong. Say in your own words
# *why*, and only then mend the code. `check` says `right` when the patient is healthy.
#
# Most of these GANs do train, only worse. So such mistakes live long: Adam hides a wrong factor,
# and the noise of the minibatches hides the rest. One blames "the instability of GANs".

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.data.sources import Mixture, ring
from numpygan.lessons import check


def sigma(a):
    return 1 / (1 + np.exp(-np.clip(a, -60, 60)))


# %% [markdown]
# ## Ward 1: layers
#
# Each patient is a correct layer of numpygan with a method that is wrong.
#
# ### Patient 1. ReLU
# *"It learns at first. Then the first hidden layer is dead: its units are 0 for every input."*


# %%
class Patient1(ng.ReLU):
    """y = max(x, 0)"""

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * (t.x > 0)  # the input decides, not the gradient
        # END SOLUTION
        #: t.gx[...] = gy * (gy > 0)


# %%
check(Patient1)

# %% [markdown]
# `check` asks the checker. You can ask it directly, too, with layers around the patient:

# %%
print(ng.gradcheck([ng.Affine(3, 4), Patient1(), ng.Affine(4, 2)]))

# %% [markdown]
# ### Patient 2. Sigmoid
# *"Every book says that the derivative is s(1 − s)."*


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
# *"My minibatch has 100 rows. I need a learning rate 100 times larger than everybody else."*


# %%
class Patient3(ng.Affine):
    """y = x W + b"""

    def backward_params(self, gy, t):
        # BEGIN SOLUTION
        self.gW[...] = t.x.T @ gy  # the loss is a mean: 1/m is in gy already
        self.gb[...] = gy.sum(0)
        # END SOLUTION
        #: self.gW[...] = t.x.T @ gy / len(gy)
        #: self.gb[...] = gy.mean(0)


# %%
check(Patient3)

# %% [markdown]
# ### Patient 4. Tanh
# *"The gradients of this layer are right, but the checker complains."*


# %%
class Patient4(ng.Tanh):
    """y = tanh x"""

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * (1 - t.y**2)  # gy is another layer's, which may still read it
        # END SOLUTION
        #: gy *= 1 - t.y**2
        #: t.gx[...] = gy


# %%
check(Patient4)

# %% [markdown]
# ### Patient 5. Dropout
# *"Dropout makes everything worse, so I have left it out."*


# %%
class Patient5(ng.Dropout):
    """y = x ⊙ t.mask; before each forward pass, 0 or 1/keep is drawn for each entry of t.mask"""

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
# *"Alone, the network passes every test. In the GAN its gradient is wrong."*
#
# There D runs forward on real rows, then forward on generated rows, and then backward through the
# real ones.


# %%
class Patient6(ng.Tanh):
    """y = tanh x"""

    def forward(self, x, t):
        # BEGIN SOLUTION
        t.y[...] = np.tanh(x)  # what backward needs is kept on the tape of the pass
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
# *"After an hour V is nan. With 1e-8 added in each logarithm the nan is gone, but then no logarithm
# is ever below −18.4."*


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
# *"Where D is sure and wrong, it learns nothing."*
#
# The last layer of D gives the logit $a$. The backward pass of D starts with these slopes.


# %%
def patient8(a_real, a_fake):
    """∂V/∂a_real and ∂V/∂a_fake, each (m, 1)."""
    D_real, D_fake = sigma(a_real), sigma(a_fake)
    # BEGIN SOLUTION
    # log σ(a) has the slope σ′/σ = 1 − σ: the factor σ′ is in it already.
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
# Here each step of Algorithm 1 is a function. `check` plays it with a correct step of the other
# network.
#
# ### Patient 9. D's step
# *"After 200 iterations D says 0.00 to everything, to the data, too."*


# %%
def patient9(G, D, p_data, p_z, optimizer_d, mask_stream, m):
    """One step of D: θ_d ascends V."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(2 * m)
    p_z.minibatch(z)
    p_data.minibatch(pass_d.x[:m])
    pass_d.x[m:] = G.forward(z, pass_g)
    D.draw_masks(pass_d, mask_stream)
    a = D.forward(pass_d.x, pass_d)
    real, fake = sigma(-a[:m]) / m, -sigma(a[m:]) / m
    # BEGIN SOLUTION
    # backward overwrites D.grad. So one pass goes over both halves.
    D.backward(np.concatenate([real, fake]), pass_d)
    optimizer_d.ascend()
    # END SOLUTION
    #: D.backward(real, pass_d[:m])
    #: D.backward(fake, pass_d[m:])
    #: optimizer_d.ascend()


# %%
check(patient9)

# %% [markdown]
# ### Patient 10. G's step
# *"D says 0.67 to everything, to the data and to the worst samples."*


# %%
def patient10(G, D, p_z, optimizer_g, optimizer_d, mask_stream, m):
    """One step of G: θ_g descends −mean log D(G(z))."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(m)
    p_z.minibatch(z)
    fake = G.forward(z, pass_g)
    D.draw_masks(pass_d, mask_stream)
    slope = -sigma(-D.forward(fake, pass_d)) / m
    # BEGIN SOLUTION
    # The gradient goes through D, but only G moves.
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    optimizer_g.descend()
    # END SOLUTION
    #: G.backward(D.backward(slope, pass_d), pass_g)
    #: optimizer_g.descend()
    #: optimizer_d.descend()


# %%
check(patient10)

# %% [markdown]
# ### Patient 11. G's step, with a picture
# *"Since I save a picture in each step, it learns worse."*


# %%
def patient11(G, D, p_z, optimizer_g, optimizer_d, mask_stream, m):
    """One step of G: θ_g descends −mean log D(G(z))."""
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(m)
    p_z.minibatch(z)
    fake = G.forward(z, pass_g)
    D.draw_masks(pass_d, mask_stream)
    slope = -sigma(-D.forward(fake, pass_d)) / m
    # BEGIN SOLUTION
    # The picture shows the samples of this pass. Another pass would overwrite the tape.
    picture = fake.copy()
    # END SOLUTION
    #: p_z.minibatch(z)
    #: picture = G.forward(z, pass_g)  # some samples to look at
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    optimizer_g.descend()
    return picture


# %%
check(patient11)

# %% [markdown]
# ## Ward 4: the optimizer
#
# ### Patient 12. Adam
# *"The first step is right. After some thousand steps, all steps are three times too short."*


# %%
def patient12(theta, m, v, g, t, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Step t of Adam, t = 1, 2, …; changes theta, m and v in place."""
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    # BEGIN SOLUTION
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)  # the divisors go to 1
    # END SOLUTION
    #: m_hat, v_hat = m / (1 - beta1), v / (1 - beta2)
    theta -= rate * m_hat / (np.sqrt(v_hat) + epsilon)


# %%
check(patient12)

# %% [markdown]
# ## Rounds
#
# Your patients play on the ring of lesson 5: D's step is patient 9, G's step is patient 10 or 11.
# Then make one of them sick again, and run its cell and this one. Which symptom do you see, and
# where?


# %%
def network(f, n_out):
    return ng.MLP([ng.Affine(2, 64), f(), ng.Affine(64, 64), f(), ng.Affine(64, n_out)])


x, z = np.empty((1000, 2), "float32"), np.empty((1000, 2), "float32")
figure, both = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
for axes, g_step in zip(both, (patient10, patient11)):
    streams = ng.streams(1)
    G, D = network(ng.ReLU, 2), network(ng.LeakyReLU, 1)
    for net in (G, D):
        net.initialize(streams["init"])
    p_data = Mixture(*ring(std=0.05), streams["data"])
    p_z = ng.Noise("uniform", streams["noise"])
    optimizers = ng.Adam(G, 1e-3), ng.Adam(D, 1e-3)
    for _ in range(2000):
        patient9(G, D, p_data, p_z, optimizers[1], streams["dropout"], 128)
        g_step(G, D, p_z, *optimizers, streams["dropout"], 128)
    p_data.minibatch(x)
    p_z.minibatch(z)
    fake = G.forward(z, G.tape(1000))
    d_x, d_gz = (sigma(D.forward(rows, D.tape(1000))).mean() for rows in (x, fake))
    axes.scatter(*x.T, s=4, label="data")
    axes.scatter(*fake.T, s=4, label="G(z)")
    axes.set_title(f"{g_step.__name__}: D(x) {d_x:.2f}, D(G(z)) {d_gz:.2f}", fontsize=10)
both[0].legend()
plt.show()

# %% [markdown]
# ## To think about
#
# 1. Which of the twelve would you have found from the samples? Which from $V$?
# 2. Patient 10's D ascends $\log D(x) + \log(1 - D(G(z)))$ and then $\log D(G(z))$, too. Which D
#    is best for the sum? Where does 0.67 come from?
# 3. For several patients, $V$ still rises in D's steps. Why is "the loss goes the right way" such
#    a weak test?
# 4. Take a GAN of your own, or one from the web. Wrap its layers as `ng.Layer`, or its loop as
#    `algorithm1`. What does the checker say?
