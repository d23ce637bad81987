"""The `cuda` of the strict double (double.py): pinned memory, waiting, streams, CUDA graphs.

What a stream records is not computed before its graph is launched, and each launch computes it
again, in the same memory. Refused is what CUDA refuses or leaves undefined: recording in the
default stream, waiting or copying from the host while recording, a product of CuPy while recording,
memory of the general pool in a graph, and work in a stream that has not waited for the other one.
"""

from collections import Counter
from contextlib import contextmanager

import numpy

counts = Counter()
_forbidden = []  # not empty within step()
_pinned = {}  # (start, stop): memory of the host that is pinned
_recording = []  # the work of the graph that is being recorded
_pools = []  # the allocators in use, the innermost last


class Refused(TypeError):
    """What CuPy, or this double, won't do."""


class NotRecorded(RuntimeError):
    """What can't be a part of a CUDA graph; CuPy's own errors are such errors, too."""


class Synchronised(AssertionError):
    """The host waited for the device where it must not."""


@contextmanager
def step():
    """Within it nothing may wait for the device.

    Gives a Counter that at the end holds what was counted within.
    """
    before, within = counts.copy(), Counter()
    _forbidden.append(True)
    try:
        yield within
    finally:
        _forbidden.pop()
        within.update(counts - before)


def check_recording(how):
    """Raise NotRecorded if a graph is recorded: it is spoilt by what `how` names."""
    if _recording:
        _recording[-1].append(None)
        raise NotRecorded(f"{how} while a graph is recorded")


def wait(how):
    check_recording(how)
    counts["waits"] += 1
    counts[how] += 1
    if _forbidden:
        raise Synchronised(f"{how} waits for the device within a training step")


def from_host(how):
    check_recording(how)
    counts[how] += 1


def is_pinned(array):
    start, stop = array.ctypes.data, array.ctypes.data + array.nbytes
    return any(first <= start and stop <= last for first, last in _pinned)


def do(work):
    """Compute now, or when the graph that is being recorded is launched."""
    cuda.check_order()
    if _recording:
        _recording[-1].append(work)
    else:
        work()


def made(compute):
    """A new array, of what compute() gives."""
    cuda.check_order()
    memory = compute()
    if not _recording:
        return memory
    if not _pools:
        check_recording("memory of the general pool, which others may get later,")
    memory = numpy.full(memory.shape, rubbish(memory.dtype), memory.dtype)
    _recording[-1].append(lambda: memory.__setitem__(..., compute()))
    return memory


def rubbish(dtype):
    """What fresh memory holds."""
    return numpy.nan if dtype.kind in "fc" else 1


class Pointer:
    """Where an array lies."""

    def __init__(self, ptr):
        self.ptr = ptr


class Event:
    def __init__(self, stream):
        self.stream = stream


class Graph:
    def __init__(self, work):
        self._work = work

    def launch(self):
        check_recording("the launch of another graph")
        counts["launch"] += 1
        cuda.check_order()
        for work in self._work:
            work()


class MemoryPool:
    def malloc(self, size):
        raise AssertionError("the double has memory of its own")


class Stream:
    """A stream; with `non_blocking=False` the default one."""

    def __init__(self, non_blocking=False):
        self._records = non_blocking
        self._seen = set()  # the streams that it has waited for since they last did something
        self.ptr = id(self) if non_blocking else 0

    def record(self):
        return Event(self)

    def wait_event(self, event):
        self._seen.add(event.stream)

    def synchronize(self):
        wait("synchronize")

    def __enter__(self):
        self._outer, cuda.stream = cuda.stream, self
        return self

    def __exit__(self, *error):
        cuda.stream = self._outer

    def begin_capture(self):
        if not self._records or cuda.stream is not self:
            raise Refused("begin_capture: of the default stream, or of one that is not current")
        _recording.append([])

    def end_capture(self):
        work = _recording.pop()
        if None in work:
            raise NotRecorded("the graph is not valid: something else than kernels came between")
        return Graph(work)


class Cuda:
    """The double's `cuda`."""

    Stream, MemoryPool = Stream, MemoryPool

    def __init__(self):
        self.stream = self._last = Stream()

    def alloc_pinned_memory(self, size):
        counts["alloc_pinned_memory"] += 1
        memory = bytearray(size)
        start = numpy.frombuffer(memory, "uint8").ctypes.data
        _pinned[start, start + size] = memory  # kept, so that no other memory can come to lie there
        return memory

    def get_current_stream(self):
        return self.stream

    @contextmanager
    def using_allocator(self, malloc):
        _pools.append(malloc)
        try:
            yield
        finally:
            _pools.pop()

    def check_order(self):
        """Work begins in the current stream: it must have waited for the work of the last one."""
        if self.stream is not self._last:
            if self._last not in self.stream._seen:
                raise Refused("a stream has not waited for the work of another one")
            self._last = self.stream
        self.stream._seen.clear()


cuda = Cuda()
