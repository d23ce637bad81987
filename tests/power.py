"""Power loss: what a folder can hold on the disk when the power fails, from what a process did
there.

`Journal(folder)` watches a process that writes below `folder`: each flush, rename, link, removal
and new folder is a moment. What the disk is sure to hold then is little, as POSIX has it: of a file
the bytes of its last fsync (none, if there was none), of a folder the entries of its own last
fsync. Whatever came later may be there, in part, in any order, or not at all. Only a rename is one
change: the old name goes and the new one comes together.
"""

import os
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CALLS = ("fsync", "fdatasync", "replace", "rename", "link", "unlink", "remove", "mkdir", "rmdir")
FOLDER = "folder"  # the entry of a folder; a file's is the number of its inode


@dataclass(frozen=True)
class Moment:
    """When the power may fail: what the disk holds, what may be on it, and what must not be lost.

    entries   {path: inode or FOLDER} that are flushed
    changes   of them that are not: [{path: inode, FOLDER or None}, …]
    flushed   {inode: bytes};  written  the same as the process sees it
    promised  whatever `Journal.promised` was
    """

    entries: dict
    changes: tuple
    flushed: dict
    written: dict
    promised: object


class Journal:
    """Watches what is done below `folder`, whose content now is on the disk: `moments`."""

    def __init__(self, folder):
        self.folder, self.moments, self.promised = str(folder), [], None
        self._handles = {}  # open, so that the number of an inode is not given to another file
        self._changes = defaultdict(list)  # of each folder
        self._entries = self._seen = dict(self._walk(""))
        self._flushed = {number: self._read(number) for number in self._handles}
        self._last = dict(self._flushed)

    @contextmanager
    def watching(self):
        real = {name: getattr(os, name) for name in CALLS}

        def watched(name):
            def call(*args, **kwargs):
                self._look(name)  # what open() made since
                self._moment()
                result = real[name](*args, **kwargs)
                if name.endswith("sync"):
                    self._flush(args[0])
                self._look(name)
                self._moment()
                return result

            return call

        for name in CALLS:
            setattr(os, name, watched(name))
        try:
            yield self
        finally:
            for name in CALLS:
                setattr(os, name, real[name])
            self._look("end")
            self._moment()
            for handle in self._handles.values():
                os.close(handle)

    def _look(self, name):
        """Take down what has changed; of a rename as one change."""
        now = dict(self._walk(""))
        paths = [path for path in now | self._seen if now.get(path) != self._seen.get(path)]
        groups = [paths] if name in ("replace", "rename") else [[path] for path in paths]
        for group in filter(None, groups):
            change = {path: now.get(path) for path in group}
            self._changes[os.path.dirname(group[0])].append(change)
        self._seen = now

    def _walk(self, below):
        for entry in os.scandir(os.path.join(self.folder, below)):
            path = os.path.join(below, entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield path, FOLDER
                yield from self._walk(path)
            else:
                number = entry.inode()
                if number not in self._handles:
                    self._handles[number] = os.open(entry.path, os.O_RDONLY)
                yield path, number

    def _flush(self, handle):
        found = os.fstat(handle if isinstance(handle, int) else handle.fileno())
        if found.st_ino in self._handles:
            self._flushed[found.st_ino] = self._read(found.st_ino)
            return
        for path in ("", *(path for path, kind in self._seen.items() if kind == FOLDER)):
            if os.path.samestat(found, os.stat(os.path.join(self.folder, path))):
                for change in self._changes.pop(path, ()):
                    self._entries = _changed(self._entries, change)

    def _read(self, number):
        handle = self._handles[number]
        return os.pread(handle, os.fstat(handle).st_size, 0)

    def _moment(self):
        changes = tuple(change for some in self._changes.values() for change in some)
        for number in self._handles:
            content = self._read(number)
            if content != self._last.get(number):  # else the same bytes serve again
                self._last[number] = content
        flushed, written = dict(self._flushed), dict(self._last)
        self.moments.append(Moment(self._entries, changes, flushed, written, self.promised))


def _changed(entries, change):
    entries = entries | change
    return {path: value for path, value in entries.items() if value is not None}


def failures(moment, chance, times):
    """Contents {path: bytes, None for a folder} that the disk may have after `moment`.

    The least, the most, all names with what was flushed, and so many by chance.
    """

    def some():
        return chance.random() < 0.5

    def any_part(flushed, written):
        part = chance.choice((_flushed, _written, _zeros, _cut(chance)))
        return part(flushed, written)

    none, all_ = (lambda: False), (lambda: True)
    plain = [(none, _flushed), (all_, _written), (all_, _flushed), (all_, _zeros)]
    for keep, part in [*plain, *[(some, any_part)] * times]:
        entries = moment.entries
        for change in moment.changes:
            if keep():
                entries = _changed(entries, change)
        content = {}
        for path, number in sorted(entries.items()):  # a folder before what is in it
            parent = os.path.dirname(path)
            if parent and content.get(parent, b"") is not None:
                continue  # lost with its folder
            flushed, written = moment.flushed.get(number, b""), moment.written.get(number, b"")
            content[path] = None if number == FOLDER else part(flushed, written)
        yield content


def _flushed(flushed, written):
    return flushed


def _written(flushed, written):
    return written


def _zeros(flushed, written):
    """The length has reached the disk, the bytes have not."""
    return flushed + bytes(max(0, len(written) - len(flushed)))


def _cut(chance):
    def cut(flushed, written):
        return written[: chance.randint(min(len(flushed), len(written)), len(written))]

    return cut


def rebuild(content, folder):
    """Make `folder` with this content."""
    Path(folder).mkdir()
    for path, value in content.items():
        if value is None:
            Path(folder, path).mkdir()
        else:
            Path(folder, path).write_bytes(value)
