"""The scripts of docs/gallery, run when the site is built, and shown with their pictures."""

import ast
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpygan

_RUN = """
import runpy, sys
import matplotlib.pyplot as plt
runpy.run_path(sys.argv[1])
plt.savefig(sys.argv[2], dpi=120, bbox_inches="tight", metadata={"Software": None})
"""


def digest(*texts):
    """A digest of `texts` and of the package's code: what was made from the same is kept.

    The texts of the lessons are left out, as nothing imports them.
    """
    files = sorted(Path(numpygan.__file__).parent.rglob("*.py"))
    code = [file.read_bytes() for file in files if not file.match("lessons/lesson_*.py")]
    return hashlib.sha256(b"\0".join([*code, *(text.encode() for text in texts)])).hexdigest()


def make_pictures(scripts, folder):
    """Run each script, two at a time; its picture is written to `folder`."""
    folder.mkdir(exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda script: _make(script, folder), sorted(scripts.glob("*.py"))))


def _make(script, folder):
    picture, made = folder / f"{script.stem}.png", folder / f"{script.stem}.sha256"
    now = digest(script.read_text("utf-8"))
    if picture.exists() and made.exists() and made.read_text() == now:
        return
    line = [sys.executable, "-c", _RUN, str(script), str(picture)]
    surroundings = os.environ | {"MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(line, env=surroundings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr}")
    made.write_text(now)


def show(app, page, source):
    """On the page `gallery`, a link to a script becomes its words, its picture and its code."""
    if page == "gallery":
        link = re.compile(r"^\[(\w+)\.py\]\(\S+\)$", re.M)
        source[0] = link.sub(lambda found: _shown(found[1]), source[0])


def _shown(name):
    code = (Path(__file__).parents[1] / "gallery" / f"{name}.py").read_text("utf-8")
    title, _, words = ast.get_docstring(ast.parse(code)).partition("\n\n")
    code = code.split('"""\n', 2)[-1].strip()
    return (
        f"### {title.rstrip('.')}\n\n![{title}](_made/gallery/{name}.png)\n\n{words}\n\n"
        f"<details><summary>gallery/{name}.py</summary>\n\n```python\n{code}\n```\n\n</details>\n"
    )
