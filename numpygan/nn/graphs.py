"""CUDA graphs: each pass of a network is recorded, and then one call asks the GPU for all of it.

A pass is some ten kernels. Python needs 10 to 50 µs to ask for a kernel, and a large GPU computes
it in less. CuPy can record kernels, but refuses to record products. So products go to cuBLAS by
nvmath-python.
"""

from contextlib import suppress
from functools import cache

import numpy

from ..errors import NumpyganError

_WORKSPACE = 32 * 1024**2  # bytes; what NVIDIA advises for cuBLAS on its largest GPUs


@cache
def with_graphs(cupy, records=True):
    """CuPy as an array module that records the passes of networks.

    With `records=False` it only has the same products. Raises NumpyganError if nvmath-python or
    its cuBLAS is not installed.
    """
    return GraphModule(cupy, records)


class GraphModule:
    """CuPy, and `replay`, by which an MLP records its passes."""

    def __init__(self, cupy, records=True):
        self._cupy, self._records, self._products = cupy, records, _Products(cupy)
        self._stream = cupy.cuda.Stream(non_blocking=True)  # CUDA cannot record the default stream

    def __getattr__(self, name):
        return getattr(self._cupy, name)

    def matmul(self, a, b, out):
        """The product a b into `out`.

        Raises NumpyganError unless the arrays have one dtype and fit, and `out` has whole rows.
        """
        self._products.write(a, b, out)

    def replay(self, kept, key, function):
        """Do what function() does on the GPU; from the third time on without calling it.

        The first call compiles the kernels. The second one is recorded, and `kept[key]` keeps the
        graph. The function must always do the same with the same arrays and numbers. It must not
        wait for the GPU, or copy from the host.
        """
        if not self._records:
            function()
            return
        # A graph writes to the memory it was recorded with, so this memory must stay its own.
        pool, graph = kept.get(key) or (self._cupy.cuda.MemoryPool(), None)
        if graph is None:
            graph = self._first(function, pool, record=key in kept)
            kept[key] = pool, graph
        if graph is not None:
            graph.launch()

    def _first(self, function, pool, record):
        """Call or record `function` in the stream for recording; the graph, or None."""
        outer, stream = self._cupy.cuda.get_current_stream(), self._stream
        stream.wait_event(outer.record())
        try:
            with stream, self._cupy.cuda.using_allocator(pool.malloc):
                if not record:
                    function()
                    return None
                stream.begin_capture()
                try:
                    function()
                except BaseException:
                    with suppress(Exception):  # it raises, too, if what failed can't be recorded
                        stream.end_capture()
                    raise
                return stream.end_capture()
        finally:
            outer.wait_event(stream.record())


class _Products:
    """Matrix products by cuBLAS, which can be recorded."""

    def __init__(self, cupy):
        try:
            from nvmath.bindings import cublas

            self._handle, self._stream = cublas.create(), None
        except (ImportError, RuntimeError) as error:
            raise NumpyganError(
                f"launches 'graph': nvmath-python or its cuBLAS is not installed ({error}); "
                "install them with `pip install 'numpygan[graphs]'` (CUDA 12) or "
                "`'numpygan[graphs13]'` (CUDA 13), or give --set launches=single."
            ) from None
        self._cupy, self._cublas = cupy, cublas
        self._workspace = cupy.empty(_WORKSPACE, "uint8")
        gemms = {"float32": cublas.sgemm, "float64": cublas.dgemm, "complex128": cublas.zgemm}
        self._gemms = {
            numpy.dtype(name): (gemm, numpy.ones(1, name), numpy.zeros(1, name))
            for name, gemm in gemms.items()
        }

    def write(self, a, b, out):
        """The product a b into `out`."""
        _check(a, b, out, self._gemms)
        stream = self._cupy.cuda.get_current_stream().ptr
        if stream != self._stream:
            self._cublas.set_stream(self._handle, stream)  # takes the workspace away
            self._cublas.set_workspace(self._handle, self._workspace.data.ptr, _WORKSPACE)
            self._stream = stream
        gemm, one, zero = self._gemms[out.dtype]
        # cuBLAS stores a matrix by columns. In memory its matrix is the transpose of ours, so it
        # is asked for outᵀ = bᵀ aᵀ.
        (rows, inner), columns = a.shape, b.shape[1]
        (of_b, ld_b), (of_a, ld_a), (_, ld_out) = map(_by_columns, (b, a, out))
        gemm(
            self._handle,
            *(of_b, of_a, columns, rows, inner),
            *(one.ctypes.data, b.data.ptr, ld_b, a.data.ptr, ld_a),
            *(zero.ctypes.data, out.data.ptr, ld_out),
        )


def _check(a, b, out, dtypes):
    """Raise NumpyganError unless cuBLAS can write the product a b into `out`."""
    shapes = [getattr(array, "shape", None) for array in (a, b, out)]
    fit = all(len(shape or ()) == 2 for shape in shapes) and shapes[2] == (a.shape[0], b.shape[1])
    if not fit or a.shape[1] != b.shape[0]:
        raise NumpyganError(
            f"matmul(a, b, out=…): with launches 'graph' it takes matrices (m, k), (k, n) and (m, "
            f"n), got {', '.join(map(str, shapes))}."
        )
    if not a.dtype == b.dtype == out.dtype or out.dtype not in dtypes:
        raise NumpyganError(
            f"matmul(a, b, out=…): with launches 'graph' it takes arrays of one dtype, "
            f"{', '.join(map(str, dtypes))}, got {a.dtype}, {b.dtype} and {out.dtype}."
        )
    operations = [_by_columns(array) and _by_columns(array)[0] for array in (a, b, out)]
    if None in operations or operations[2] != 0:
        raise NumpyganError(
            f"matmul(a, b, out=…): with launches 'graph' it takes arrays whose rows or columns are "
            f"contiguous, and for out whose rows are, got strides of {a.strides}, {b.strides} and "
            f"{out.strides} bytes."
        )


def _by_columns(a):
    """How cuBLAS reads the matrix aᵀ from the memory of `a`: (operation, leading dimension).

    The operation is 0 if the memory, read by columns, is aᵀ, and 1 if it is a. None if it is
    neither.
    """
    (rows, columns), (down, right) = a.shape, (stride // a.dtype.itemsize for stride in a.strides)
    if right == 1 and down >= columns:
        return 0, down
    if down == 1 and right >= rows:
        return 1, right
    return None
