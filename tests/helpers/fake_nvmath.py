"""The parts of `nvmath.bindings.cublas` that numpygan calls, over the strict double's memory.

A product is computed by the BLAS of SciPy, from the same arguments: cuBLAS takes what BLAS takes.
"""

import ctypes
import itertools
import sys
from types import ModuleType

from scipy.linalg import cython_blas

from tests.helpers.double_cuda import Refused, cuda, do

_handles = itertools.count(1)
_settings = {}  # by handle: its stream, and whether it has a workspace


def create():
    handle = next(_handles)
    _settings[handle] = None, False
    return handle


def set_stream(handle, stream_id):
    _settings[handle] = stream_id, False  # cuBLAS forgets the workspace


def set_workspace(handle, workspace, workspace_size_in_bytes):
    assert workspace and workspace_size_in_bytes >= 2**20
    _settings[handle] = _settings[handle][0], True


def _function(name):
    """SciPy's Fortran function `name`, for ctypes."""
    capsule = cython_blas.__pyx_capi__[name]
    get = ctypes.pythonapi.PyCapsule_GetName
    get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(pointer(capsule, get(capsule)))


def _gemm(name):
    function = _function(name)

    def gemm(handle, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        if _settings[handle] != (cuda.stream.ptr, True):
            raise Refused(f"{name}: the handle is of another stream, or has no workspace")
        numbers = [ctypes.c_int(number) for number in (m, n, k, lda, ldb, ldc)]
        m, n, k, lda, ldb, ldc = map(ctypes.byref, numbers)
        letters = b"NT"[transa : transa + 1], b"NT"[transb : transb + 1]
        do(lambda: function(*letters, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))

    return gemm


sgemm, dgemm, zgemm = map(_gemm, ("sgemm", "dgemm", "zgemm"))


def install(monkeypatch):
    """Let `from nvmath.bindings import cublas` find this module."""
    bindings = ModuleType("nvmath.bindings")
    bindings.cublas = sys.modules[__name__]
    monkeypatch.setitem(sys.modules, "nvmath", ModuleType("nvmath"))
    monkeypatch.setitem(sys.modules, "nvmath.bindings", bindings)
