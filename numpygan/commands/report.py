"""numpygan report: a run on one HTML page."""

from ..files import write_bytes
from ..pages.run_page import report
from ..runs.directory import RunDirectory
from .arguments import add_force, add_moved_data, add_seed, new_file


def add(command):
    parser = command(
        "report",
        write_report,
        "Show everything about a run on one HTML page.",
        "numpygan report runs/mnist-1",
    )
    parser.add_argument("run", metavar="RUN", help="a run directory")
    parser.add_argument(
        "-o", dest="file", metavar="FILE.html", help="the file to write (default: RUN/report.html)"
    )
    add_seed(parser, "the noise")
    add_moved_data(parser)
    add_force(parser, "FILE.html")


def write_report(options):
    run = RunDirectory.existing(options.run)
    file = new_file(options.file or run.path / "report.html", options, ".html")
    page = report(run, options.seed, options.data).encode()
    write_bytes(file, page)
    print(f"{file}: the report of {run.path}, {len(page) / 1e6:.1f} MB")
