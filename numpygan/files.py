"""Files written whole or not at all."""

import errno
import fnmatch
import json
import math
import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import NumpyganError
from .locks import at_path, try_lock

_TEMPORARY = r"\.[0-9]+(-[0-9a-f]+)?\.tmp\Z"
_NO_LINKS = (
    *(errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK),
    errno.EACCES,  # Android
)
# From network and FUSE file systems without fsync
_NO_FSYNC = (errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF)


class NewPath(type(Path())):  # type: ignore[misc]  # Path chooses its class by the system
    """A path where `write_whole` overwrites nothing; `/` and `with_suffix` give other NewPaths."""


class OwnedPath(type(Path())):  # type: ignore[misc]
    """A path that `write_whole` writes only if `check()` raises nothing.

    It is called before the temporary file is made, and again when the content is ready.
    """

    check = staticmethod(lambda: None)


def open_regular(path, mode="rb", flags=0, **options):
    """Open a file, but no FIFO, device or socket, which could block for ever or never end.

    flags  added to the flags of os.open
    Raises OSError.
    """

    def opener(name, usual):
        # Before it is opened, because opening a device can have an effect.
        _refuse_other_kinds(os.stat(name) if os.path.exists(name) else None)
        handle = os.open(
            name, usual | flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0), 0o666
        )
        try:
            _refuse_other_kinds(os.fstat(handle))  # the file may be another by now
        except BaseException:
            os.close(handle)
            raise
        return handle

    return open(path, mode, opener=opener, **options)


def _refuse_other_kinds(found):
    """Raise OSError if `found`, from os.stat, is neither a regular file nor None."""
    if found is None or stat.S_ISREG(found.st_mode):
        return
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    kind = next((name for test, name in kinds.items() if test(found.st_mode)), "a device")
    raise OSError(errno.EINVAL, f"it is {kind}, not a file")


@contextmanager
def readable(path):
    """Within the block, an error of the system becomes a NumpyganError that names `path`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a path with NUL
        reason = getattr(error, "strerror", None) or error
        raise NumpyganError(f"{path}: cannot be read ({reason}); check the path.") from None


def read_bytes(path, most):
    """The content of a file of at most `most` bytes.

    Raises NumpyganError if it is longer or can't be read.
    """
    with readable(path), open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise NumpyganError(
            f"{path}: cannot be read (it has more than {most:,} bytes); check that it is the right "
            f"file."
        )
    return content


def write_whole(path, write):
    """Let `write(file)` fill a temporary file, flush it to the disk, then rename it to `path`.

    At every moment `path` is the old file or the new one, which gets the mode of the old one. If
    `path` is a symlink, the link itself is replaced. Raises NumpyganError if the disk is full, the
    folder can't be written, or a pipe, device or folder is in the way; if `path` is a NewPath,
    anything at `path` is in the way. A process killed here leaves the temporary file; the next
    writer removes it.
    """
    kept = "the old file, if any, is kept"
    try:
        if isinstance(path, OwnedPath):
            path.check()
        mode = _mode_at(path)
        remove_leftovers(Path(path))
        file, temporary = _temporary(path)
        try:
            with file:
                if mode is not None and hasattr(os, "fchmod"):
                    with suppress(OSError):  # of a file system without modes
                        os.fchmod(file.fileno(), mode)
                write(file)
                file.flush()
                _flush(file.fileno())
            if isinstance(path, OwnedPath):
                path.check()
            if isinstance(path, NewPath):
                _publish(temporary, path)
            else:
                os.replace(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        kept = "the new file is there, but would not outlast a power failure"
        _flush_folder(os.path.dirname(os.path.abspath(path)))
    except FileExistsError:
        raise NumpyganError(
            f"{path}: was made by somebody else meanwhile, and is kept; choose another name."
        ) from None
    except OSError as error:
        # NumPy only counts the bytes that went
        why = error.strerror or "the disk is full or failing"
        raise NumpyganError(f"{path}: cannot be written ({why}); {kept}.") from None


def check_writable(path):
    """Raise NumpyganError if `write_whole` could not write to `path`.

    Call it before long work.
    """
    try:
        _mode_at(path)
        file, temporary = _temporary(path)
        file.close()
        os.unlink(temporary)
    except OSError as error:
        raise NumpyganError(
            f"{path}: cannot be written ({error.strerror or error}); choose another place."
        ) from None


def write_bytes(path, content):
    """`write_whole` of the bytes `content`."""
    write_whole(path, lambda file: file.write(content))


def write_json(path, value):
    """Write tables, lists, texts and numbers as JSON.

    JSON has no NaN or infinity; they become null.
    """
    text = json.dumps(_finite(value), indent=2, allow_nan=False)
    write_bytes(path, text.encode() + b"\n")


def _finite(value):
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def append_line(path, line, first=""):
    """Append `line` to `path` and flush it to the disk; a new file first gets the line `first`.

    An unfinished last line is removed. Raises NumpyganError if the line can't be appended.
    """
    try:
        with open_regular(path, "a+b", getattr(os, "O_NOFOLLOW", 0)) as file:
            end = _end_of_last_line(file)
            file.truncate(end)
            head = "" if end or not first else first + "\n"
            try:
                file.write(f"{head}{line}\n".encode())
                file.flush()
                _flush(file.fileno())
                if not end:  # the name of a new file can be lost by itself
                    _flush_folder(os.path.dirname(os.path.abspath(path)))
            except OSError:
                with suppress(OSError):
                    os.truncate(path, end)
                raise
    except OSError as error:
        raise NumpyganError(
            f"{path}: cannot be written ({error.strerror or error}); the last checkpoint is kept."
        ) from None


def _end_of_last_line(file, longest=1 << 16):
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - longest)
    file.seek(start)
    end = file.read(longest).rfind(b"\n") + 1
    if not end and start:
        raise OSError(errno.EINVAL, f"its last line has more than {longest:,} bytes")
    return start + end


def make_folder(path, exist_ok=True):
    """Make a folder and its parents, flush the parents, and return the folders made.

    Raises OSError, and then leaves none of them.
    """
    path, made = Path(path), []
    try:
        for folder in reversed([path, *path.parents]):
            if folder != path and folder.exists():
                continue
            try:
                folder.mkdir()
            except FileExistsError:
                if not folder.is_dir() or (folder == path and not exist_ok):
                    raise
                continue
            made.append(folder)
            _flush_folder(folder.parent)
    except OSError:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise
    return made


def remove_leftovers(path):
    """Remove the temporary files that killed writers of `path` left beside it.

    `path` may be a pattern, such as *.png.
    """
    for found in leftovers(path):
        with suppress(OSError), open_regular(found, "r+b", getattr(os, "O_NOFOLLOW", 0)) as file:
            if try_lock(file.fileno()) is not False:  # False: its writer is still alive
                found.unlink()


def leftovers(path):
    """Files whose names are names of temporary files of `path`, which may be a pattern."""
    if not path.parent.is_dir():
        return []
    name = fnmatch.translate(path.name).removesuffix(r"\Z").removesuffix(r"\z")
    pattern = re.compile(name + _TEMPORARY)
    return [path.parent / name for name in os.listdir(path.parent) if pattern.match(name)]


def _temporary(path):
    """A new locked file beside `path`, and its name."""
    while True:
        name = f"{path}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
        file = open(name, "xb")
        try:
            with suppress(OSError):
                if os.name != "nt":  # on Windows an open file can't be removed
                    try_lock(file.fileno())
            # If not, another writer removed it as a leftover before it was locked.
            if at_path(file.fileno(), name):
                return file, name
        except BaseException:
            file.close()
            raise
        file.close()


def _mode_at(path):
    """The mode of the file at `path`, None if there is none or it is a symlink.

    Raises OSError if something else is there.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return None
    _refuse_other_kinds(found)
    return stat.S_IMODE(found.st_mode)


def _publish(temporary, path):
    """Rename, but raise FileExistsError if anything is at `path`."""
    try:
        os.link(temporary, path)
    except (OSError, AttributeError) as error:  # a Python without os.link
        if getattr(error, "errno", errno.ENOSYS) not in _NO_LINKS:
            raise
        open(path, "xb").close()  # reserves the name
        os.replace(temporary, path)
    else:
        os.unlink(temporary)


def _flush_folder(folder):
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows can't open a folder; other folders may be writable but not readable
        return
    try:
        _flush(handle)
    finally:
        os.close(handle)


def _flush(handle):
    """fsync, if the file system has it."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
