"""The tests that compute, under each BLAS kernel that this CPU can run, and on one and two threads.

    python tests/kernels.py [pytest's arguments]

OpenBLAS picks a kernel by the CPU. Another kernel rounds otherwise, and the one for AVX-512 warns
without reason. A kernel that the CPU can't run is skipped, and a line says so. Exits 1 if a test
failed anywhere, 2 if nothing could be run.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

KERNELS = (
    "Haswell",
    "SkylakeX",
    "Zen",
    "Sandybridge",
    "Nehalem",
    "Prescott",
)  # and what OpenBLAS picks
FILES = (
    "check/test_layer_check.py",
    "check/test_randomness.py",
    "commands/test_blas_warnings.py",
    "data/test_sources.py",
    "gan/test_algorithm1.py",
    "gan/test_average.py",
    "gan/test_game_bugs.py",
    "gan/test_game_inputs.py",
    "gan/test_library_inputs.py",
    "gan/test_objective.py",
    "metrics/test_features.py",
    "metrics/test_modes.py",
    "metrics/test_parzen.py",
    "metrics/test_two_samples.py",
    "nn/test_layers.py",
    "nn/test_mlp.py",
    "nn/test_optimizers.py",
    "nn/test_tape.py",
    "nn/test_threads.py",
    "runs/test_averaging.py",
    "test_arrays.py",
)
_LOOK = """
import numpy, threadpoolctl
for dtype in ("float32", "float64", "complex128"):
    a = numpy.ones((300, 300), dtype)
    assert (a @ a == 300).all()
every = threadpoolctl.threadpool_info()
print(*{blas["architecture"] for blas in every if blas["internal_api"] == "openblas"})
"""


def environment(kernel, threads=1):
    """This one, with the kernel named (None: the one that OpenBLAS picks)."""
    named = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    return (
        named
        | ({"OPENBLAS_CORETYPE": kernel} if kernel else {})
        | {"OPENBLAS_NUM_THREADS": str(threads)}
    )


def in_force(kernel):
    """The kernel that computes if `kernel` is asked for, "" without OpenBLAS; None if none can."""
    look = subprocess.run(
        [sys.executable, "-c", _LOOK], env=environment(kernel), capture_output=True, text=True
    )
    # Python's own error. What the CPU can't run ends by a signal or, on Windows, with a huge code.
    if 0 < look.returncode < 256:
        sys.exit(f"kernels: {look.stderr.strip()}")
    return look.stdout.strip() if look.returncode == 0 else None


def main(arguments):
    picked = in_force(None)
    if picked is None:
        print("kernels: NumPy can't multiply matrices here.")
        return 2
    if not picked:
        print("kernels: this NumPy has no OpenBLAS; only its own BLAS is tried.")
    runs, tried = [(None, 1), (None, 2)], {picked}
    for kernel in KERNELS if picked else ():
        found = in_force(kernel)
        if found is None:
            print(f"kernels: {kernel} skipped, this CPU can't run it.")
        elif found in tried:
            print(f"kernels: {kernel} skipped, OpenBLAS computes with {found}, which is tried.")
        else:
            runs.append((kernel, 1))
            tried.add(found)
    files = [str(Path(__file__).parent / name) for name in FILES]
    wrong = []
    for kernel, threads in runs:
        name = f"{kernel or picked or 'its own BLAS'}, {threads} thread{'s' * (threads > 1)}"
        print(f"+ kernels: {name}", flush=True)
        start = time.monotonic()
        command = [sys.executable, "-m", "pytest", *files, *arguments]
        failed = subprocess.run(command, env=environment(kernel, threads)).returncode
        seconds = time.monotonic() - start
        print(f"kernels: {name}: {'FAILED' if failed else 'ok'}, {seconds:.0f} s", flush=True)
        wrong += [name] * bool(failed)
    print(f"kernels: {len(runs)} tried, {len(wrong)} wrong; {'; '.join(wrong) or 'all ok'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
