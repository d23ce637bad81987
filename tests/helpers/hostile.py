"""What reads a run, and what can lie where a file is expected."""

import contextlib
import os
import socket

COMMANDS = {  # what reads a run
    "sample": lambda it: ("sample", it, "-n", 2, "-o", "new.npy"),
    "interpolate": lambda it: ("interpolate", it, "-n", 1, "-o", "new.png"),
    "evaluate": lambda it: ("evaluate", it, "-o", "new.json"),
    "report": lambda it: ("report", it, "-o", "new.html"),
    "study": lambda it: ("study", it, "--iterations", 1, "-o", "new.html"),
    "resume": lambda it: ("train", "--quiet", "--resume", "--out", it, "--epochs", 2),
}


def _socket(path):
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # a name that may be only so long


KINDS = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": _socket,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
}
