"""numpygan explain: a layer or Algorithm 1 as a worked example."""

from ..pages import layer_text as worked


def add(command):
    parser = command(
        "explain",
        explain,
        "Explain a layer's forward and backward pass, or Algorithm 1, with a worked example.",
        "numpygan explain affine",
    )
    parser.add_argument("topic", metavar="LAYER", help=", ".join(worked.TOPICS))


def explain(options):
    topic = worked.topic_named(options.topic)
    print(worked.explain(topic))
    wrong, lines = worked.run_example(topic)
    if wrong:
        print(f"FAILED: this installation computes something else:\n{wrong}")
        return 1
    print(f"All {lines} lines of code above were run just now, with the results shown.")
    return 0
