"""The kernels that CuPy makes of fused functions, compiled for the CPU.

CuPy turns a fused function into the body of a CUDA kernel. The body is C++ for one entry of each
array, and needs no GPU to be written. Here it is put into a loop over the entries and compiled with
g++, so that what a GPU would compute can be compared with what NumPy computes.
"""

import ctypes
import subprocess
from functools import partial

import cupy
import numpy
from cupy._core import _fusion_thread_local, fusion

HEADER = """
#include <algorithm>
#include <cmath>
using namespace std;
#define __device__ static inline
"""


def body(function, *args):
    """The kernel that CuPy makes of `function(xp, *args)`, for arrays and numbers like `args`."""
    memory = cupy.cuda.MemoryPointer(cupy.cuda.UnownedMemory(8, 1 << 30, None, 0), 0)  # never read
    stand_ins = [
        cupy.ndarray(arg.shape, arg.dtype, memory) if isinstance(arg, numpy.ndarray) else arg
        for arg in args
    ]
    here, history = _fusion_thread_local.thread_local, fusion._FusionHistory()
    here.history, here.is_old_fusing = history, True
    try:
        return history.get_fusion(partial(function, cupy), stand_ins, "kernel")[0]
    finally:
        here.history, here.is_old_fusing = None, False


def source(kernel):
    """C++ of a function that does the kernel's work for each of n entries."""
    params = kernel.params[:-1]  # without the index
    entries, reads, writes = [], [], []
    for position, param in enumerate(params):
        entries.append(f"{param.ctype} *a{position}, long step{position}")
        reads.append(f"{param.ctype} {param.name} = a{position}[i * step{position}];")
        if not param.is_const:
            writes.append(f"a{position}[i * step{position}] = {param.name};")
    preamble = kernel.preamble.replace('#include "cupy/float16.cuh"', "")
    return (
        f'{HEADER}{preamble}\nextern "C" void run(long n, {", ".join(entries)}) {{\n'
        f"for (long i = 0; i < n; i++) {{\n{' '.join(reads)}\n{kernel.operation}\n"
        f"{' '.join(writes)}\n}}}}\n"
    )


def on_cpu(function, folder):
    """A function of arrays and numbers that computes what CuPy's kernel of `function` computes.

    It writes into its arrays, or returns a new array. The compiler works in `folder`.
    """

    def run(*args):
        kernel = body(function, *args)
        text = source(kernel)
        assert "float16" not in text, "CuPy would compute a part in half precision"
        place = folder / "kernel.cpp"
        place.write_text(text)
        library = place.with_suffix(".so")
        # Without fused multiply-adds, which round once where NumPy rounds twice.
        options = ["-O1", "-ffp-contract=off", "-shared", "-fPIC"]
        subprocess.run(["g++", *options, place, "-o", library], check=True)
        params = kernel.params[:-1]
        size = next(arg.size for arg in args if isinstance(arg, numpy.ndarray))
        held, made = [], None
        for param, arg in zip(params, args):
            array = arg if isinstance(arg, numpy.ndarray) else numpy.array([arg], param.dtype)
            assert array.dtype == param.dtype and array.flags.c_contiguous
            held.append(array)
        if len(params) > len(args):
            made = numpy.empty(size, params[-1].dtype)
            held.append(made)
        given = []
        for array in held:
            given += [ctypes.c_void_p(array.ctypes.data), ctypes.c_long(int(array.size == size))]
        ctypes.CDLL(str(library)).run(ctypes.c_long(size), *given)
        return made

    return run
