"""The kind of a file, recognised by its first bytes; its name is not trusted."""

import os
import re
import zipfile
import zlib

from ..errors import NumpyganError
from ..files import open_regular, readable

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CIFAR_ROW = 1 + 3 * 32 * 32
_STL10_ROW = 3 * 96 * 96
_START = 512  # bytes that are read
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_SVMLIGHT = re.compile(rb"[-+]?\d+(\.\d*)?( +(qid|\d+):[-+.\deE]+){2,}\s*[\r\n#]")
_UTF16 = re.compile(rb"(([\t\r\n -~]\0)+|(\0[\t\r\n -~])+).?", re.S)
_PNM = re.compile(rb"P[1-6]\s+[#\d]")  # all pixels of a PNM file can look like letters
_SAVE = "save the array with numpy.save"
_UNPACK = "unpack it and give the folder or file"
_PICKLE = "pickled Python objects, which are never unpickled"
_UNPICKLE = f"load it with pickle if you trust it and {_SAVE}"
_FOREIGN = (  # the first bytes (or a tuple of alternatives), the kind of file, what to do
    (b"MATLAB 7.3", "a MATLAB 7.3 file", f"load it with h5py and {_SAVE}"),
    (b"MATLAB ", "a MATLAB file", f"load it with scipy.io.loadmat and {_SAVE}"),
    (b"\x89HDF", "an HDF5 file (also MATLAB 7.3 and Keras .h5)", f"load it with h5py and {_SAVE}"),
    (b"PAR1", "a Parquet file", f"load it with pandas and {_SAVE}"),
    (b"SIMPLE  =", "a FITS file", f"load it with astropy.io.fits and {_SAVE}"),
    (b"NRRD0", "an NRRD file", f"load it with pynrrd and {_SAVE}"),
    (b"ObjectType =", "a MetaImage header", f"load it with SimpleITK and {_SAVE}"),
    (b"CDF\1", "a NetCDF file", f"load it with xarray and {_SAVE}"),
    (b"root\0", "a ROOT file", f"load it with uproot and {_SAVE}"),
    (b"FEA1\0", "a Feather file", f"load it with pandas and {_SAVE}"),
    (b"<stata_dta>", "a Stata file", f"load it with pandas and {_SAVE}"),
    ((b"X\n\0\0\0", b"RDX2\n", b"RDX3\n"), "an R data file", "save the table with write.csv"),
    (b"8BPS\0", "a Photoshop image", "save it as PNG"),
    (b"%!PS", "a PostScript document", "give the data themselves"),
    (b"ARROW1", "an Arrow or Feather file", f"load it with pandas and {_SAVE}"),
    (b"SQLite", "an SQLite database", f"load it with pandas and {_SAVE}"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the data", "run `git lfs pull`"),
    (b"BZh", "compressed by bzip2", "unpack it with bunzip2"),
    (b"\xfd7zXZ", "compressed by xz", "unpack it with unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it with unzstd"),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or another Office file", "save the sheet as CSV"),
    ((b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"), _PICKLE, _UNPICKLE),
    ((b"(lp", b"(dp", b"}q\0", b"]q\0", b"cnumpy"), _PICKLE, _UNPICKLE),
    (b"%%MatrixMarket", "a Matrix Market file", f"load it with scipy.io.mmread and {_SAVE}"),
    (b"\0\0\0\x0cjP", "a JPEG 2000 image", "save it as PNG"),
    (b"\0\0\1\0", "a Windows icon", "save it as PNG"),
    (b"%PDF", "a PDF document", "give the data themselves"),
)
_WITHIN = (  # where a word stands, the word, what such a file is, what to do
    (4, b"ftyp", "a HEIC, AVIF or MP4 file", "save the images as PNG or JPEG"),
    (344, b"n+1\0", "a NIfTI file", f"load it with nibabel and {_SAVE}"),
    (344, b"ni1\0", "a NIfTI header", f"load it with nibabel and {_SAVE}"),
    (127, b"\0DICM", "a DICOM image", f"load it with pydicom and {_SAVE}"),
    (5, b'\0\0\0{"', "a safetensors file", f"load it with safetensors.numpy and {_SAVE}"),
    (257, b"ustar", "a tar archive", _UNPACK),
)


def kind_of(path):
    """The kind of a file: "idx", "npy", "npz", "cifar", "image" or "csv".

    Raises NumpyganError, which names the kind, for any other file; also if the file can't be read.
    """
    with readable(path), open_regular(path) as file:
        size, start = os.fstat(file.fileno()).st_size, file.read(_START)
    packed = start[:2] == b"\x1f\x8b"
    try:
        if packed:
            start = zlib.decompressobj(31).decompress(start, _START)
    except zlib.error:
        raise NumpyganError(f"{path}: the gzip stream is damaged; get the file again.") from None
    kind = _kind(path, start, size, packed)
    if isinstance(kind, str):
        return kind
    what, advice = kind
    raise NumpyganError(f"{path}: is {what}; {advice}.")


def _kind(path, start, size, packed):
    """The name of the kind; for a file that is not read the pair (what it is, what to do)."""
    if start[:2] == b"\0\0" and len(start) > 3 and start[2] in IDX_TYPES and start[3] < 9:
        return "idx"
    if not start:
        return "empty", "get the file again"
    for first, what, advice in _FOREIGN:
        if start.startswith(first):
            return what, advice
    for at, word, what, advice in _WITHIN:
        if start[at : at + len(word)] == word:
            return what, advice
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return "a file of sound", f"load it with scipy.io.wavfile and {_SAVE}"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "a film", "save its pictures as PNG or JPEG"
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<"):
        return "an HTML or XML page, not the data", "download the file itself"
    if head.startswith((b"{", b"[")):
        return "JSON", _SAVE
    if head.startswith((b"@relation", b"% ")) and b"@relation" in head:
        return "an ARFF file", f"load it with scipy.io.arff and {_SAVE}"
    if _PNM.match(start) and not packed:
        return "image"
    if _SVMLIGHT.match(start):
        load = "sklearn.datasets.load_svmlight_file"
        return "in the format of LIBSVM", f"load it with {load} and {_SAVE}"
    if _is_text(start):
        return "csv"
    if len(start) > 3 and _UTF16.fullmatch(start):
        return "a text in UTF-16 without a byte order mark", "save it in UTF-8"
    if packed:
        return "gzipped, but its content is neither IDX nor text", _UNPACK
    if start[:6] == b"\x93NUMPY":
        return "npy"
    if start[:2] == b"PK":
        return _zip(path)
    if start.startswith(_IMAGES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "image"
    if is_cifar(path, size):
        return "cifar"
    if size % (1 + CIFAR_ROW) == 0:
        return (
            "of the length of CIFAR-100, whose rows have two labels",
            f"leave out two bytes of each {1 + CIFAR_ROW} and {_SAVE}",
        )
    if size % _STL10_ROW == 0:
        turn = "numpy.fromfile(..., 'uint8').reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)"
        return "of the length of STL-10, whose pixels run down the columns", f"save {turn}"
    return (
        "of a kind that is not known",
        "expected IDX, CIFAR-10 binary, .npy, .npz, CSV or a folder of images",
    )


def _zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "npz"  # damaged: its reader says how
    if any(name.endswith("data.pkl") for name in names):
        return (
            "a PyTorch file",
            "load it with torch.load and save the tensor's numpy() with numpy.save",
        )
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook", "save the sheet as CSV"
    if all(name.lower().endswith(".npy") and name[:8] != "__MACOSX" for name in names):
        return "npz"
    if any(name.endswith("model.weights.h5") for name in names):
        return "a Keras model, not data", "give the data themselves"
    return f"a zip archive of {', '.join(names[:3])[:100]}", _UNPACK


def is_cifar(path, size=None):
    """Whether a file is CIFAR-10 binary: rows of one label 0..9 and 3 × 32 × 32 pixels."""
    size = os.stat(path).st_size if size is None else size
    if size == 0 or size % CIFAR_ROW:
        return False
    # Not a memory map: if the file is cut meanwhile, the system would kill this process.
    with open_regular(path, buffering=0) as file:
        for start in range(0, size, CIFAR_ROW):
            file.seek(start)
            label = file.read(1)
            if not label or label[0] > 9:
                return False
    return True


def _is_text(start):
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True  # UTF-16, whose reader says so
    return not set(start) & set(range(32)) - {9, 10, 12, 13}
