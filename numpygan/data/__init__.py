"""Data: MNIST (shipped), the user's own files, toy mixtures, and how minibatches are drawn from
them.
"""
