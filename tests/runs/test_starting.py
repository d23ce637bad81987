"""A Ctrl-C while the program starts."""

import os
import signal
import subprocess
import sys

import pytest

INTERRUPTED = """import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    if os.environ["WAY"] != "library":
        raise ImportError("NumPy says that it is installed badly") from None
    raise
"""
PROGRAM = "import sys\nfrom numpygan.cli import main\nsys.exit(main())\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("way", ["program", "module", "library"])
def test_a_ctrl_c_during_the_imports(way, tmp_path):
    (tmp_path / "numpy.py").write_text(INTERRUPTED)  # in place of NumPy
    (tmp_path / "numpygan").write_text(PROGRAM)
    (tmp_path / "user.py").write_text("import numpygan\n")
    command = {"program": [tmp_path / "numpygan"], "module": ["-m", "numpygan"]}
    result = subprocess.run(
        [sys.executable, *command.get(way, [tmp_path / "user.py"]), "recipes"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}", "WAY": way},
        cwd=tmp_path if way != "module" else None,
        capture_output=True,
        text=True,
    )
    if way == "library":
        assert result.returncode == -signal.SIGINT and "Traceback" in result.stderr
    else:
        assert result.returncode == 130
        assert result.stderr == "numpygan: interrupted; give the same command to start again.\n"


def test_later_a_ctrl_c_is_an_exception_again(tmp_path):
    (tmp_path / "numpygan").write_text(
        "import signal\nfrom numpygan import cli\nbefore = signal.getsignal(signal.SIGINT)\n"
        "try:\n    cli.main(['--version'])\nexcept SystemExit:\n    pass\n"
        "assert before is not signal.default_int_handler\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    subprocess.run([sys.executable, tmp_path / "numpygan"], check=True, capture_output=True)
