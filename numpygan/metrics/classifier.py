"""A small MNIST classifier, trained by this library; the Fréchet distance uses its features.

The features are its last hidden layer. `python -m numpygan.metrics.classifier FILE.npy` trains it
again (about two minutes), prints its test accuracy and the checksum, and writes the weights to
FILE.npy. Another BLAS or another number of threads can round differently and give another
checksum.
"""

import hashlib
import sys
from pathlib import Path

import numpy

from ..arrays import streams
from ..data import dataset as datasets
from ..errors import NumpyganError
from ..files import write_whole
from ..nn.layers import Affine, Dropout, ReLU
from ..nn.mlp import MLP
from ..nn.optimizers import Adam
from ..reading import read_arrays

WEIGHTS = Path(__file__).parent / "classifier.npy"  # θ, float16, in the order of MLP.theta
SHA256 = "d444baac17d91dd1ceb2ef1bba21d994ce2afe68db9b5b009c7c37f490334906"
FEATURES, CLASSES = 128, 10
_ROWS = 500  # rows per forward pass


def network(keep=(1.0, 1.0, 1.0)):
    """784 → ReLU 256 → ReLU 128 → 10 logits.

    keep  the probability with which dropout keeps a unit, for the input and each hidden layer
    """
    widths, layers = (784, 256, FEATURES, CLASSES), []
    for share, n_in, n_out in zip(keep, widths, widths[1:]):
        layers += [Dropout(share)] if share < 1 else []
        layers += [Affine(n_in, n_out), ReLU()]
    return MLP(layers[:-1])


def softmax_cross_entropy(logits, labels):
    """L = −(1/m) Σ_i log p_i[labels_i],  p = softmax(a) = e^a / Σ_c e^(a_c).

    ∂L/∂a_ic = (p_ic − [c = labels_i])/m

    Returns L in nats and the gradient (m, classes) for the logits a (m, classes). Complex logits
    are allowed, for complex-step checks.
    """
    rows = numpy.arange(len(logits))
    # This does not change the softmax and prevents an overflow.
    shifted = logits - logits.real.max(1, keepdims=True)
    p = numpy.exp(shifted)
    total = p.sum(1, keepdims=True)
    loss = (numpy.log(total[:, 0]) - shifted[rows, labels]).mean()
    p /= total
    p[rows, labels] -= 1
    p /= len(logits)
    return loss, p


class Classifier:
    """The classifier that numpygan ships; its features can't be compared with other networks'.

    Raises NumpyganError if the weights do not have the checksum in this file.
    """

    def __init__(self, path=WEIGHTS):
        (theta,) = read_arrays(path).values()
        if checksum(theta) != SHA256:
            raise NumpyganError(
                f"{path}: the checksum differs from this version's classifier; install "
                f"numpygan again."
            )
        self.net = network()
        self.net.theta = theta.astype("float32")

    def __call__(self, images):
        """The features (n, 128) and the most probable classes (n,) of images (n, 784).

        Pixels lie in [0, 1], features are ≥ 0.
        """
        return read(self.net, images)


def read(net, images):
    """The activations below the logits and the class with the largest logit, for each image."""
    features = numpy.empty((len(images), FEATURES), "float32")
    classes = numpy.empty(len(images), "int64")
    tape = net.tape(min(_ROWS, len(images)), training=False)
    for start in range(0, len(images), tape.m):
        rows = slice(start, start + tape.m)
        x = images[rows].astype("float32", copy=False)
        part = tape[: len(x)]
        classes[rows] = net.forward(x, part).argmax(1)
        features[rows] = part.layers[-1].x
    return features, classes


def checksum(theta):
    """The SHA-256 of θ as little-endian float16."""
    return hashlib.sha256(theta.astype("<f2").tobytes()).hexdigest()


def train(images, labels, epochs, seed=0, batch=100, rate=1e-3, say=lambda line: None):
    """θ of a classifier fitted to `images` (N, 784), uint8, and `labels` (N,), 0..9.

    Adam on the softmax cross-entropy with dropout (keep 0.8 of the input, 0.7 of each hidden
    layer); the learning rate falls linearly to 0.
    """
    named = streams(seed)
    net = network(keep=(0.8, 0.7, 0.7))
    net.initialize(named["init"])
    optimizer, tape = Adam(net, rate, beta1=0.9), net.tape(batch)
    per_epoch = len(images) // batch
    for iteration in range(epochs * per_epoch):
        if iteration % per_epoch == 0:
            order = named["data"].permutation(len(images))
        rows = order[iteration % per_epoch * batch :][:batch]
        net.draw_masks(tape, named["dropout"])
        logits = net.forward(datasets.as_float(images[rows]), tape)
        loss, slope = softmax_cross_entropy(logits, labels[rows])
        net.backward(slope, tape, inputs=False)
        optimizer.learning_rate = rate * (1 - iteration / (epochs * per_epoch))
        optimizer.descend()
        if (iteration + 1) % per_epoch == 0:
            epoch = (iteration + 1) // per_epoch
            say(f"epoch {epoch:3}  loss of the last minibatch {loss:.4f} nats")
    return net.theta


def main(arguments):
    if len(arguments) != 1 or not arguments[0].endswith(".npy"):
        raise NumpyganError(
            "usage: python -m numpygan.metrics.classifier FILE.npy (the file to write the weights "
            "to)."
        )
    data, (labels, test_labels) = datasets.load("mnist"), datasets.mnist_labels()
    theta = train(data.train, labels[: len(data.train)], epochs=30, say=print).astype("<f2")
    net = network()
    net.theta = theta.astype("float32")
    held_out = labels[len(data.train) :]
    splits = ("validation", data.validation, held_out), ("test", data.test, test_labels)
    for name, rows, expected in splits:
        _, classes = read(net, datasets.as_float(rows))
        print(f"{name} accuracy {(classes == expected).mean():.2%}")
    write_whole(arguments[0], lambda file: numpy.save(file, theta))
    print(f"{arguments[0]}: {theta.size:,} weights, float16, SHA-256 {checksum(theta)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except NumpyganError as error:
        print(f"numpygan: {error}", file=sys.stderr)
        sys.exit(2)
