"""The lessons as pages: a learner's text, with the pictures and texts that the solution makes."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import nbformat
from gallery import digest
from nbclient import NotebookClient

from numpygan.lessons import text

_NOTE = (
    "```{{note}}\nTo work on this lesson: `numpygan lesson start {n}` writes it as a notebook. The "
    "pictures on this page come from the solution; yours come from your own code.\n```"
)
_ALT = {"mystnb": {"image": {"alt": "what the cell above draws"}}}


def lessons(folder):
    """{name of a file: a notebook as JSON}. What was executed before is kept in `folder`."""
    folder.mkdir(exist_ok=True)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda n: _page(n, folder), text.NUMBERS))
    return {f"lesson_{n}.ipynb": page for n, page in zip(text.NUMBERS, pages)}


def _page(n, folder):
    book = json.loads(text.as_notebook(text.with_blanks(text.lesson(n))))
    for cell, outputs in zip(book["cells"], _outputs(n, folder / f"lesson_{n}.json"), strict=True):
        if outputs and "check(" not in "".join(cell["source"]):
            cell["outputs"], cell["metadata"] = outputs, _ALT
    note = {"id": "note", "cell_type": "markdown", "metadata": {}, "source": _NOTE.format(n=n)}
    return json.dumps(book | {"cells": [book["cells"][0], note, *book["cells"][1:]]}, indent=1)


def _outputs(n, kept):
    """The outputs of each cell of the solution; `kept` is a file for them."""
    solution = text.as_notebook(text.with_solution(text.lesson(n)))
    now = digest(solution)
    if kept.exists() and (found := json.loads(kept.read_text("utf-8")))["digest"] == now:
        return found["outputs"]
    book = nbformat.reads(solution, as_version=4)
    quiet = ["--IPKernelApp.log_level=ERROR"]
    NotebookClient(book, timeout=600, kernel_name="python3", extra_arguments=quiet).execute()
    outputs = [[one for one in cell.get("outputs", []) if _shown(one)] for cell in book.cells]
    kept.write_text(json.dumps({"digest": now, "outputs": outputs}), encoding="utf-8")
    return outputs


def _shown(output):
    return output["output_type"] == "stream" or "image/png" in output.get("data", {})
