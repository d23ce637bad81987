"""numpygan export: a run's networks for other programs."""

from ..runs.load import load
from ..runs.network_files import write
from .arguments import add_checkpoint, add_force, new_file


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
    parser.add_argument("run", metavar="RUN", help="a run directory")
    add_checkpoint(parser)
    parser.add_argument(
        "-o",
        dest="file",
        required=True,
        metavar="FILE.npz",
        help="the file to write: .npz, .safetensors or .onnx",
    )
    add_force(parser, "FILE")


def export(options):
    file = new_file(options.file, options, ".safetensors", ".npz", ".onnx")
    run = load(options.run, options.checkpoint)
    write(run, file, options.network)
    what = options.network if file.suffix.lower() == ".onnx" else "G and D"
    print(f"{file}: {what} of {run.path}, {run.checkpoint}, iteration {run.iteration:,}")
