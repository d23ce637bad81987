"""The files in a folder and below it."""

import os
import re
from pathlib import Path

from ..errors import NumpyganError
from ..files import readable

DEEPEST = 3  # folders below the given one
_MOST = 200_000  # files
_MOST_DEEPER = 10_000  # folders that are searched for images that are not read
IMAGE_NAME = re.compile(
    r"\.(png|jpe?g|jfif|gif|bmp|tiff?|webp|heic|heif|avif|jp2|jxl|svg|tga|ico|pcx|psd|exr|dds|dcm"
    r"|fits?|dng|cr[23]|nef|arw|orf|raf|rw2|raw)\Z",
    re.I,
)


def files_in(path):
    """The files in a folder and below, sorted by depth and path, and the folders too deep to read.

    Hidden files and the files that macOS and Synology add are left out. Links to folders are
    followed, but each folder is read only once.
    """
    found, deeper, seen = [], [], set()
    with readable(path):
        for folder, below, names in os.walk(path, onerror=_refuse, followlinks=True):
            here = os.stat(folder)
            if (here.st_dev, here.st_ino) in seen:
                below.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            below[:] = sorted(filter(_is_visible, below))
            if len(Path(folder).relative_to(path).parts) >= DEEPEST:
                deeper += [Path(folder, name) for name in below]
                below.clear()
            files = [Path(folder, name) for name in filter(_is_visible, names)]
            found += [file for file in files if file.is_file() or file.is_symlink()]
            if len(found) > _MOST:
                raise NumpyganError(
                    f"{path}: holds more than {_MOST:,} files; give a folder with the data alone."
                )
    return sorted(found, key=lambda file: (len(file.parts), str(file))), deeper


def note_on_deeper(path, deeper):
    """A list with a sentence about an image in the folders `deeper`, or an empty one."""
    left = _MOST_DEEPER
    for top in deeper:
        for folder, below, names in os.walk(top):
            below[:] = sorted(filter(_is_visible, below))
            images = sorted(n for n in names if _is_visible(n) and IMAGE_NAME.search(n))
            if images:
                first = Path(folder, images[0]).relative_to(path)
                return [f"not read: images more than {DEEPEST} folders down, such as {first}"]
            left -= 1
            if not left:
                return []
    return []


def _refuse(error):
    raise error


def _is_visible(name):
    return not name.startswith(".") and name not in ("__MACOSX", "@eaDir")
