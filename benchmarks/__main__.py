"""Run every benchmark briefly, one after another, and write RESULTS.md.

    python -m benchmarks                        (under ten minutes on an idle machine with two
                                                cores)
    python -m benchmarks step.py parzen.py -o two.md

Brief forms are for a first look: each section of RESULTS.md names the command of the full form. The
JSON files go to results/ beside it. It is written anew after each benchmark. A benchmark that lacks
an extra, or fails, is reported and doesn't stop the others; the exit status is 1 if one failed.
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
BRIEF = {  # the arguments of the brief form beside -o, and those of the full form
    "step.py": ("--brief", ""),
    "layers.py": ("--brief", ""),
    "time_to_quality.py": ("--brief", ""),
    "scaling.py": ("--brief --plot results/scaling.png", "--plot scaling.png"),
    "memory.py": ("--brief", ""),
    "parzen.py": ("--brief", ""),
    "gradcheck.py": ("--brief", ""),
    "device.py": ("--brief", ""),
    "mpi.py": ("--brief", ""),
}
LIMIT = 900  # seconds, after which a benchmark is ended


def run(script, folder):
    """(exit status or None after LIMIT, stdout, last line of stderr, seconds) of the brief form of
    one script, run in `folder`.
    """
    command = [
        sys.executable,
        str(FOLDER / script),
        *BRIEF[script][0].split(),
        "-o",
        f"results/{Path(script).stem}.json",
    ]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(
            [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
        ).rstrip(os.pathsep)
    }  # numpygan of this checkout
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, said = process.communicate(timeout=LIMIT)
        status = process.returncode
    except BaseException as reason:
        os.killpg(process.pid, signal.SIGKILL)  # the processes that it started, too
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
    elif status != 0:
        lines += [
            f"**Failed** (exit status {status}). {said}".rstrip()
            if status
            else f"**Failed**: {said}.",
            "",
        ]
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
    threads = (
        ", ".join(f"{name}={value}" for name, value in machine["threads"].items())
        or "not set: as many as cores"
    )
    return f"""# Results

Written by `python -m benchmarks`: every benchmark in its brief form, a first look. Numbers to
quote come from the full forms, on a machine that does nothing else.

| | |
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
            "-o: some of the benchmarks don't make benchmarks/RESULTS.md; say where their results "
            "go, such as -o some.md."
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
