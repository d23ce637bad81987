"""Ranks: the processes of an MPI job, which share a computation. Without MPI there is one.

A job is started with `mpiexec -n P python -m mpi4py -m numpygan …`. MPI and mpi4py send the data,
start the processes, and end the job when a process fails.
"""

import os
import sys

import numpy

from .arrays import staged, wait_for
from .errors import NumpyganError

# MPICH's and Open MPI's mpiexec set these variables in the processes that they start.
_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


class Ranks:
    """The processes `rank` = 0 … `size` − 1 of an mpi4py communicator.

    All of them must call a method that communicates.

    local       the number of this process among those on its machine
    cuda_aware  whether MPI reads the memory of a GPU; if not, arrays on a GPU go through memory of
                the host that is page-locked
    """

    def __init__(self, comm=None, local=0, cuda_aware=False):
        self._comm, self.local, self._cuda_aware = comm, local, cuda_aware
        self.rank, self.size = (0, 1) if comm is None else (comm.rank, comm.size)
        self._pinned = {}

    def slice(self, m):
        """This rank's part of m rows.

        Parts are contiguous, in the order of the ranks, and differ by at most one row. Raises
        NumpyganError if there are more ranks than rows.
        """
        if self.size > m:
            raise NumpyganError(
                f"mpiexec: {self.size} ranks can't share {m} rows; start at most one rank for each "
                f"row."
            )
        return slice(self.rank * m // self.size, (self.rank + 1) * m // self.size)

    def each(self, items):
        """This rank's share of a sequence of independent pieces of work: every `size`-th.

        `sum` combines the results.
        """
        return items[self.rank :: self.size]

    def sum(self, array, xp=numpy):
        """The sum over ranks of `array`, an array of `xp`, in place; returns it.

        It has the same bits on all ranks.
        """
        if self.size > 1:
            if self._cuda_aware and xp is not numpy:
                wait_for(xp)
                self._comm.Allreduce(None, array)  # None: in place
            else:
                with staged(array, xp, self._pinned) as host:
                    self._comm.Allreduce(None, host)
        return array

    def mean(self, array, share, xp=numpy):
        """Σ share · array over ranks, in place; returns it.

        If `array` is a mean over this rank's rows and `share` their share, this is the mean of all
        rows.
        """
        if self.size > 1:
            array *= share
        return self.sum(array, xp)

    def any(self, *wishes):
        """For each truth value, whether it is true on some rank."""
        if self.size == 1:
            return wishes
        return tuple(bool(count) for count in self.sum(numpy.array(wishes, "int64")))

    def gather(self, value):
        """The values of all ranks, as a list on each of them."""
        return [value] if self.size == 1 else self._comm.allgather(value)

    def from_first(self, function):
        """The result of function() on rank 0, on all ranks."""
        value = function() if self.rank == 0 else None
        return value if self.size == 1 else self._comm.bcast(value)

    def executor(self):
        """A context manager: rank 0 gets a concurrent.futures.Executor of the other ranks.

        The other ranks get None, after they have done the work of the Executor.
        """
        from mpi4py.futures import MPICommExecutor

        return MPICommExecutor(self._comm, root=0)

    def wait(self):
        """Wait until all ranks are here."""
        if self.size > 1:
            self._comm.Barrier()


ALONE = Ranks()


def world():
    """The ranks of this process's job; ALONE unless Python was started with `-m mpi4py`.

    Raises NumpyganError if MPI started several processes without `-m mpi4py`: if one failed, the
    others would wait for ever.
    """
    # Not "mpi4py": whoever imports it has not launched ranks.
    if "mpi4py.run" not in sys.modules or "mpi4py.futures" in sys.modules:
        if any(os.environ.get(name, "1") != "1" for name in _LAUNCHERS):
            raise NumpyganError(
                "mpiexec: numpygan needs `-m mpi4py` here; start mpiexec -n P python -m mpi4py -m "
                "numpygan …."
            )
        return ALONE
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise NumpyganError(
            f"mpi4py: finds no MPI library ({error}); install one with `pip install mpich`."
        ) from None
    comm = MPI.COMM_WORLD
    if comm.size == 1:
        return ALONE
    kinds = comm.Get_info().get("mpi_memory_alloc_kinds") or ""  # set by MPI 4.1 and later
    return Ranks(comm, comm.Split_type(MPI.COMM_TYPE_SHARED).rank, "cuda" in kinds)
