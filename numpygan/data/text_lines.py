"""The lines of a text file, which may be gzipped, and the comments before them."""

import gzip
import os
import re
import zlib

from ..errors import NumpyganError
from ..files import open_regular
from ..reading import check_expansion

_PART = 1 << 24  # bytes
_LONGEST_CELL = 20  # lines
_QUOTED = re.compile(r'(^|[,;|\t])\s*"(?:[^"]|"")*"')
_OPEN = re.compile(r'(^|[,;|\t])\s*"[^"]*$')


def lines_of(path):
    """The numbers and the texts of the lines of a file, and the last comment before them.

    Comments and empty lines are left out. A quoted cell may go over several lines. The text may be
    gzipped and may begin with a byte order mark. The comment is a pair (number, text), or None.
    """
    found, comment = [], None
    for number, line in _whole_lines(_text(path).splitlines()):
        if line.strip() and _is_no_comment(line):
            found.append((number, line))
        elif not found and any(letter.isalnum() for letter in line):
            comment = number, line.strip().lstrip("#").strip()
    # Empty rows at the end of a sheet, and the sign with which DOS ends a text
    while found and not found[-1][1].strip(' ,;|\t"\x1a'):
        found.pop()
    return [number for number, _ in found], [line for _, line in found], comment


def _text(path):
    try:
        with open_regular(path) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            content = _unpacked(raw, path) if packed else raw.read()
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise NumpyganError(
            f"{path}: cannot be read as text ({error}); save it as CSV in UTF-8."
        ) from None


def _unpacked(raw, path):
    """The content of a gzipped file, as far as `check_expansion` allows."""
    size, parts, expanded = os.fstat(raw.fileno()).st_size, [], 0
    with gzip.open(raw) as file:
        while part := file.read(_PART):
            expanded += len(part)
            check_expansion(path, expanded, size)
            parts.append(part)
    return b"".join(parts)


def _whole_lines(every):
    """Pairs of a line and its number; a line in which a quoted cell ends later is joined."""
    n = 0
    while n < len(every):
        line, more = every[n], 0
        if line.count('"') % 2 and _is_no_comment(line):
            more = _lines_to_join(every[n : n + 1 + _LONGEST_CELL])
        yield n + 1, " ".join(every[n : n + 1 + more]) if more else line
        n += 1 + more


def _lines_to_join(lines):
    """How many lines belong to the first one; 0 if its quotes are no quotes of a cell."""
    line = lines[0]
    for more, following in enumerate(lines[1:], 1):
        if not _OPEN.search(_QUOTED.sub(r"\1", line)):
            return 0
        line += " " + following
        if line.count('"') % 2 == 0:
            return more
    return 0


def _is_no_comment(line):
    return line[:2] in ("#,", "#;") or line.lstrip()[:1] != "#"
