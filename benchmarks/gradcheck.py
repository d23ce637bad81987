"""Gradient checks compared: numpygan's complex step and torch.autograd.gradcheck, time and error.

    python benchmarks/gradcheck.py            (half a minute; --brief: 10 s; needs the extra peers)

The small network has every kind of layer of D, and tanh, with fixed dropout masks: 261 parameters,
three rows, float64. PyTorch has the same network, θ, rows and masks; its gradient is the same to
1e-14. Both check ∂L/∂θ and ∂L/∂x of a random weighted sum L of the outputs, entry by entry.
numpygan also checks each layer alone, and its time includes this. PyTorch has one thread.

The error is the largest |backward − numerical| divided by the largest |backward|. numpygan reports
it. PyTorch only says whether the check passes with a tolerance; so its error is the smallest
`atol` (with rtol = 0) that passes, found by bisection. Its fast mode compares one random
projection. The exit status is 1 if a check rejects the right gradient.
"""

import sys
from statistics import median

import timing  # before NumPy, see there

import numpy

import numpygan as ng
from numpygan.arrays import Stream

ROWS = 3


def network():
    """The network, its tape after a forward and a backward pass, and the outputs' weights gy."""
    net = ng.MLP(
        [
            ng.Dropout(keep=0.8),
            ng.Affine(6, 20),
            ng.Maxout(pieces=5),
            ng.Dropout(keep=0.5),
            ng.Affine(4, 8),
            ng.ReLU(),
            ng.Affine(8, 8),
            ng.Tanh(),
            ng.Affine(8, 1),
        ],
        dtype="float64",
    )
    stream = Stream(0)
    net.initialize(stream)
    stream.uniform(net.theta, -0.5, 0.5)  # also the biases
    tape, gy = net.tape(ROWS), numpy.empty((ROWS, 1))
    for array in (tape.x, gy):
        stream.normal(array)
    net.draw_masks(tape, stream)
    net.forward(tape.x, tape)
    net.backward(gy, tape)
    return net, tape, gy


def in_torch(torch, net, tape, gy):
    """L as a function of tensors (x, W, b, W, b, …), and these tensors."""

    def tensor(array):
        return torch.from_numpy(array.copy())

    weighting = tensor(gy)

    def loss(x, *parameters):
        rest = iter(parameters)
        for layer, t in zip(net.layers, tape.layers):
            if isinstance(layer, ng.Affine):
                x = x @ next(rest) + next(rest)
            elif isinstance(layer, ng.Dropout):
                x = x * tensor(t.mask)
            elif isinstance(layer, ng.Maxout):
                x = x.reshape(len(x), layer.pieces, -1).amax(1)
            else:
                x = {ng.ReLU: torch.relu, ng.Tanh: torch.tanh}[type(layer)](x)
        return (x * weighting).sum()

    inputs = [tape.x, *(getattr(layer, name) for layer in net.layers for name in layer.shapes())]
    return loss, [tensor(array).requires_grad_() for array in inputs]


def smallest(passes, low=-17.0, high=0.0, steps=12):
    """The smallest 10^e, low < e < high, for which `passes` is true, to 1 %; infinity if none."""
    if not passes(10**high):
        return numpy.inf
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if passes(10**middle) else (middle, high)
    return 10**high


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=15)
    options = parser.parse_args(arguments)
    torch = timing.need("torch", "peers")
    torch.set_num_threads(1)
    net, tape, gy = network()
    loss, inputs = in_torch(torch, net, tape, gy)
    gradients = torch.autograd.grad(loss(*inputs), inputs)
    largest = max(float(g.abs().max()) for g in gradients)
    theirs = torch.cat([g.reshape(-1) for g in gradients[1:]]).numpy()
    apart = float(numpy.abs(theirs - net.grad).max() / largest)

    def check(**how):
        return torch.autograd.gradcheck(loss, inputs, raise_exception=False, **how)

    candidates = {
        "numpygan, complex step": lambda: ng.gradcheck(net, tape.x),
        "PyTorch gradcheck": check,
        "PyTorch gradcheck, fast mode": lambda: check(fast_mode=True),
    }
    report, slow, fast = (call() for call in candidates.values())
    rounds = min(options.rounds, 5) if options.brief else options.rounds
    times = timing.alternate(candidates, rounds, seconds=0)
    checked = sum(entry.checked for entry in report.checks)
    entries = sum(x.numel() for x in inputs)
    atol = smallest(lambda atol: check(atol=atol, rtol=0))
    fast_atol = smallest(lambda atol: check(atol=atol, rtol=0, fast_mode=True))
    errors = {
        "numpygan, complex step": max(entry.error for entry in report.checks),
        "PyTorch gradcheck": atol / largest,
        "PyTorch gradcheck, fast mode": fast_atol / largest,
    }
    verdicts = dict(zip(candidates, (report.passed, slow, fast)))
    ours = times["numpygan, complex step"]
    derivatives = dict(zip(candidates, (checked, entries, len(inputs))))
    rows = [
        [
            name,
            derivatives[name],
            f"{1e3 * median(seconds):.1f}",
            timing.interval(timing.ratio(seconds, ours)),
            f"{errors[name]:.1e}",
            "passed" if verdicts[name] else "FAILED",
        ]
        for name, seconds in times.items()
    ]
    head = ["gradient check", "derivatives", "ms", "× numpygan's time", "error", "verdict"]
    print(timing.table(head, rows))
    print(f"the two backward passes differ by {apart:.1e} of the largest gradient")
    timing.save(
        options.file,
        {
            "seconds": times,
            "errors": errors,
            "passed": verdicts,
            "derivatives": derivatives,
            "backward_passes_differ": apart,
        },
    )
    return int(not all(verdicts.values()) or apart > 1e-14)


if __name__ == "__main__":
    sys.exit(main())
