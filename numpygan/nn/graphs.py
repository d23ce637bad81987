"""CUDA graphs: each pass of a network is recorded, and then one call asks the GPU for all of it.

A pass is some ten kernels. Python needs 10 to 50 µs to ask for one, which on a large GPU is longer
than the kernel takes. CuPy can record kernels, but refuses to record products. So products go to
cuBLAS by nvmath-python.
"""

from functools import cache

import numpy

from ..errors import NumpyganError

_WORKSPACE = 32 * 1024**2  # bytes; NVIDIA's advice for cuBLAS on Hopper, more than others need


@cache
def with_graphs(cupy):
    """CuPy as an array module that records the passes of networks.

    Raises NumpyganError if nvmath-python is not installed.
    """
    return GraphModule(cupy)


class GraphModule:
    """CuPy, and `replay`, by which an MLP records its passes."""

    def __init__(self, cupy):
        self._cupy, self._products = cupy, _Products(cupy)
        self._stream = cupy.cuda.Stream(non_blocking=True)  # CUDA cannot record the default stream

    def __getattr__(self, name):
        return getattr(self._cupy, name)

    def matmul(self, a, b, out):
        """The product a b into `out`."""
        self._products.write(a, b, out)

    def replay(self, kept, key, function):
        """Do what function() does on the GPU; from the third time on without calling it.

        The first call compiles the kernels. The second one is recorded, and `kept[key]` keeps the
        graph. The function must always do the same with the same arrays and numbers. It must not
        wait for the GPU, or copy from the host.
        """
        # A graph writes to the memory it was recorded with, so this memory must stay its own.
        pool, graph = kept.get(key) or (self._cupy.cuda.MemoryPool(), None)
        if graph is None:
            graph = self._first(function, pool, record=key in kept)
            kept[key] = pool, graph
        if graph is not None:
            graph.launch()

    def _first(self, function, pool, record):
        """Call or record `function` in the stream for recording; the graph, or None."""
        outer, graph = self._cupy.cuda.get_current_stream(), None
        self._stream.wait_event(outer.record())
        with self._stream, self._cupy.cuda.using_allocator(pool.malloc):
            if record:
                self._stream.begin_capture()
            try:
                function()
            finally:
                if record:
                    graph = self._stream.end_capture()
        outer.wait_event(self._stream.record())
        return graph


class _Products:
    """Matrix products by cuBLAS, which can be recorded."""

    def __init__(self, cupy):
        try:
            from nvmath.bindings import cublas
        except ImportError:
            raise NumpyganError(
                "launches 'graph': nvmath-python is not installed; install it with `pip install "
                "nvmath-python`, or give --set launches=single."
            ) from None
        self._cupy, self._cublas = cupy, cublas
        self._handle, self._stream = cublas.create(), None
        self._workspace = cupy.empty(_WORKSPACE, "uint8")
        gemms = {"float32": cublas.sgemm, "float64": cublas.dgemm, "complex128": cublas.zgemm}
        self._gemms = {
            numpy.dtype(name): (gemm, numpy.ones(1, name), numpy.zeros(1, name))
            for name, gemm in gemms.items()
        }

    def write(self, a, b, out):
        """The product a b into `out`."""
        stream = self._cupy.cuda.get_current_stream().ptr
        if stream != self._stream:
            self._cublas.set_stream(self._handle, stream)  # takes the workspace away
            self._cublas.set_workspace(self._handle, self._workspace.data.ptr, _WORKSPACE)
            self._stream = stream
        gemm, one, zero = self._gemms[out.dtype]
        # cuBLAS stores a matrix by columns. In memory its matrix is the transpose of ours, so it
        # is asked for outᵀ = bᵀ aᵀ.
        (rows, inner), columns = a.shape, b.shape[1]
        of_b, of_a = _by_columns(b), _by_columns(a)
        gemm(
            self._handle,
            *(of_b[0], of_a[0], columns, rows, inner),
            *(one.ctypes.data, b.data.ptr, of_b[1], a.data.ptr, of_a[1]),
            *(zero.ctypes.data, out.data.ptr, _by_columns(out)[1]),
        )


def _by_columns(a):
    """How cuBLAS reads the matrix aᵀ from the memory of `a`: (operation, leading dimension).

    The operation is 0 if the memory, read by columns, is aᵀ, and 1 if it is a.
    """
    (rows, columns), (down, right) = a.shape, (stride // a.dtype.itemsize for stride in a.strides)
    if right == 1 and down >= columns:
        return 0, down
    if down == 1 and right >= rows:
        return 1, right
    raise NumpyganError(
        f"launches 'graph': a product of an array of strides {a.strides} bytes; expected its rows "
        "or its columns to be contiguous."
    )
