"""Run every benchmark briefly, one after another, and write RESULTS.md.

    python -m benchmarks                 (under ten minutes on an idle machine with two cores)
    python -m benchmarks step.py parzen.py -o two.md

The brief forms give a first impression; each section of RESULTS.md names the command of the full
form. The JSON files go to results/ beside RESULTS.md, which is written again after each benchmark.
A benchmark that lacks an extra, or fails, is reported and does not stop the others. The exit
status is 1 if one failed.
"""

import argparse
import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import timing

FOLDER = Path(__file__).resolve().parent
BRIEF = {  # the arguments of the brief form, without -o, and of the full form
    "step.py": ("--brief", ""),
    "layers.py": ("--brief", ""),
    "time_to_quality.py": ("--brief", ""),
    "scaling.py": ("--brief --plot results/scaling.png", "--plot scaling.png"),
    "memory.py": ("--brief", ""),
    "parzen.py": ("--brief", ""),
    "gradcheck.py": ("--brief", ""),
    "device.py": ("--brief", ""),
    "mpi.py": ("--brief", ""),
    "play.py": ("--brief", ""),
    "start.py": ("--brief", ""),
    "calls.py": ("--brief", ""),
}
LIMIT = 900  # seconds; a longer benchmark is killed


def run(script, folder):
    """(exit status or None after LIMIT, stdout, last line of stderr, seconds) of one script.

    The script runs in its brief form in `folder`.
    """
    command = [sys.executable, str(FOLDER / script), *BRIEF[script][0].split()]
    command += ["-o", f"results/{Path(script).stem}.json"]
    path = [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]  # numpygan of this checkout
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path).rstrip(os.pathsep)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, **pipes
    )
    try:
        output, said = process.communicate(timeout=LIMIT)
        status = process.returncode
    except BaseException as reason:
        os.killpg(process.pid, signal.SIGKILL)  # also the processes that it started
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise
        output, said = process.communicate()
        status, said = None, f"ended after {LIMIT} s"
    said = said.strip().splitlines()
    return status, output.strip(), said[-1] if said else "", time.perf_counter() - start


def section(script, status, output, said, seconds):
    """The Markdown of one benchmark."""
    question = ast.get_docstring(ast.parse((FOLDER / script).read_text())).splitlines()[0]
    brief, full = BRIEF[script]
    lines = [f"## {script}", "", question, ""]
    if status == 2:
        lines += [f"Not run: {said}", ""]
    elif status is None:
        lines += [f"**Failed**: {said}.", ""]
    elif status:
        lines += [f"**Failed** (exit status {status}). {said}".rstrip(), ""]
    if output:
        lines += ["```", output, "```", ""]
    lines.append(
        f"Brief form (`{brief}`), {seconds:.0f} s. Full form: "
        f"`{f'python benchmarks/{script} {full}'.strip()}`"
    )
    return "\n".join(lines) + "\n"


def heading(machine):
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    blas = " ".join(str(value) for value in machine["blas"].values())
    threads = ", ".join(f"{name}={value}" for name, value in machine["threads"].items())
    threads = threads or "not set: one per core"
    return f"""# Benchmarks in brief

Written by `python -m benchmarks`: every benchmark in its brief form, for a first impression. To
quote numbers, use the full forms on a machine that does nothing else.

| what | where it ran |
|---|---|
| processor | {machine["cpu"]}, {machine["cores"]} cores, {machine["platform"]} |
| versions | Python {machine["python"]}, {packages}; BLAS {blas} |
| threads | {threads} |
| load at the start | {machine["load"]:.2f} |
| date | {machine["date"]} |
"""


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "scripts", nargs="*", metavar="SCRIPT", help="some of them: " + ", ".join(BRIEF)
    )
    parser.add_argument(
        "-o", dest="file", type=Path, help="(default, if all are run: benchmarks/RESULTS.md)"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.scripts) - set(BRIEF)
    if unknown:
        parser.error(
            f"there is no {', '.join(sorted(unknown))}; expected some of {', '.join(BRIEF)}."
        )
    if options.scripts and not options.file:
        parser.error(
            "-o: benchmarks/RESULTS.md is for all benchmarks; give another file for some of them, "
            "such as -o some.md."
        )
    file = (options.file or FOLDER / "RESULTS.md").resolve()
    if not file.parent.is_dir():
        parser.error(f"-o: there is no folder {file.parent}")
    (file.parent / "results").mkdir(exist_ok=True)
    parts, failed = [heading(timing.machine())], []
    for script in options.scripts or BRIEF:
        print(f"{script} …", flush=True)
        status, output, said, seconds = run(script, file.parent)
        print(output or said, end="\n\n", flush=True)
        parts.append(section(script, status, output, said, seconds))
        if status not in (0, 2):
            failed.append(script)
        timing.write(file, "\n".join(parts))
    print(f"wrote {file}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
