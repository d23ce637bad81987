"""Data sets and random inputs, and the minibatches drawn from them.

MNIST (shipped), the user's own files, mixtures of Gaussians, and the noise prior p_z.
"""
