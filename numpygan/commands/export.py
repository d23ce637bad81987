"""numpygan export: a run's networks for other programs."""

from ..runs.export import export as write
from ..runs.load import load
from .arguments import add_run_and_file, new_file


def add(command):
    parser = command(
        "export",
        export,
        "Write a run's networks for other programs.",
        "numpygan export runs/mnist-1 -o mnist.safetensors",
    )
    parser.add_argument(
        "--network",
        choices=("G", "D"),
        default="G",
        help="which one goes into an .onnx file (default: G); the others hold both",
    )
    add_run_and_file(parser, ".safetensors, .npz or .onnx")


def export(options):
    run = load(options.run)
    file = new_file(options.file, options, ".safetensors", ".npz", ".onnx")
    write(run, file, options.network)
    what = options.network if file.suffix == ".onnx" else "G and D"
    print(f"{file}: {what} of {run.path}, {run.checkpoint}, iteration {run.iteration:,}")
