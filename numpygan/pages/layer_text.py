"""Worked examples in the terminal: a layer's equations, then a small case in numbers.

The equations are the layer's docstring. The examples are the text files in examples/. Each is a
doctest and is run before it is printed.
"""

import inspect
import re
from importlib import resources

import numpy

from ..errors import NumpyganError
from ..gan.algorithm1 import algorithm1
from ..nn import layers
from ..recipes.settings import nearest

TOPICS = {
    "affine": layers.Affine,
    "relu": layers.ReLU,
    "leaky_relu": layers.LeakyReLU,
    "sigmoid": layers.Sigmoid,
    "tanh": layers.Tanh,
    "maxout": layers.Maxout,
    "dropout": layers.Dropout,
    "algorithm1": algorithm1,
}


def topic_named(name):
    """The topic that `name` means; case, spaces, "_" and "-" do not matter.

    Raises NumpyganError, with the nearest name, if there is none.
    """
    plain = re.sub(r"[\s_-]", "", name.lower())
    topic = next((topic for topic in TOPICS if topic.replace("_", "") == plain), None)
    if topic is None:
        raise NumpyganError(
            f"explain: there is no {name!r}{nearest(name, TOPICS)}; expected one of "
            f"{', '.join(TOPICS)}."
        )
    return topic


def explain(topic):
    """The text about a topic: equations, and a worked example with the adjoints and their check.

    Raises NumpyganError if Python has removed the docstrings.
    """
    about = TOPICS[topic]
    equations = inspect.getdoc(about)
    if equations is None:
        raise NumpyganError(
            "explain: the equations are in docstrings, which -OO or PYTHONOPTIMIZE=2 removes; "
            "start Python without them."
        )
    case = example(topic).replace("    <BLANKLINE>", "")  # doctest's word for an empty line
    return f"{about.__name__}\n\n{equations}\n\nA case by hand\n\n{case}"


def example(topic):
    """The worked example of a topic, a doctest."""
    return (resources.files(__package__) / "examples" / f"{topic}.txt").read_text(encoding="utf-8")


def run_example(topic):
    """Run the example: (the differences from the printed text, the number of lines that ran)."""
    import doctest  # it imports the debugger, which only this function needs

    test = doctest.DocTestParser().get_doctest(example(topic), {}, topic, f"{topic}.txt", 0)
    report = []
    with numpy.printoptions():  # an example may set its own
        result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    return "".join(report) if result.failed else "", result.attempted
