"""Ranks: the processes of one MPI job, which share a computation. Without MPI there is one, and
nothing is ever sent.

A job is launched as `mpiexec -n P python -m mpi4py -m numpygan …`. Transport, launch, and ending
the job when a process fails are MPI's and mpi4py's.
"""

import os
import sys

import numpy

from .arrays import staged, wait_for
from .errors import NumpyganError

# What MPICH's and Open MPI's mpiexec tell the processes that they start
_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


class Ranks:
    """The processes `rank` = 0 … `size` − 1 of an mpi4py communicator. A method that talks has to
    be called by all of them.

    local       the number of this process among those on its machine
    cuda_aware  whether MPI reads a GPU's memory; if not, arrays on a GPU go through page-locked
                memory of the host
    """

    def __init__(self, comm=None, local=0, cuda_aware=False):
        self._comm, self.local, self._cuda_aware = comm, local, cuda_aware
        self.rank, self.size = (0, 1) if comm is None else (comm.rank, comm.size)
        self._pinned = {}

    def slice(self, m):
        """This rank's part of m rows: parts are contiguous, differ by at most one row, and are in
        the order of the ranks.

        Raises NumpyganError if there are more ranks than rows.
        """
        if self.size > m:
            raise NumpyganError(
                f"mpiexec: {self.size} ranks can't share {m} rows; start at most one rank for each "
                f"row."
            )
        return slice(self.rank * m // self.size, (self.rank + 1) * m // self.size)

    def each(self, items):
        """This rank's share of a sequence of independent pieces of work: every `size`-th.

        `sum` brings the results together.
        """
        return items[self.rank :: self.size]

    def sum(self, array, xp=numpy):
        """The sum over ranks of `array`, an array of `xp`, into `array`, with the same bits on all
        of them; returns it.
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
        """Σ share · array over ranks into `array`; returns it.

        It is the mean of all rows if `array` is that of a rank's `share`.
        """
        if self.size > 1:
            array *= share
        return self.sum(array, xp)

    def any(self, *wishes):
        """For each truth value whether it is true on some rank."""
        if self.size == 1:
            return wishes
        return tuple(bool(count) for count in self.sum(numpy.array(wishes, "int64")))

    def gather(self, value):
        """The values of all ranks, a list on each of them."""
        return [value] if self.size == 1 else self._comm.allgather(value)

    def from_first(self, function):
        """function() as rank 0 finds it, on all ranks."""
        return (
            function()
            if self.size == 1
            else self._comm.bcast(function() if self.rank == 0 else None)
        )

    def executor(self):
        """A context manager that gives rank 0 a concurrent.futures.Executor of the other ranks;
        these work for it, and get None.
        """
        from mpi4py.futures import MPICommExecutor

        return MPICommExecutor(self._comm, root=0)

    def wait(self):
        """Go on when all ranks are here."""
        if self.size > 1:
            self._comm.Barrier()


ALONE = Ranks()


def world():
    """The ranks of the job that this process belongs to; ALONE unless Python was started with `-m
    mpi4py`.

    Raises NumpyganError if MPI launched several processes without it, as one that fails would leave
    the others waiting for ever.
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
    kinds = comm.Get_info().get("mpi_memory_alloc_kinds") or ""  # MPI 4.1's way to say so
    return Ranks(comm, comm.Split_type(MPI.COMM_TYPE_SHARED).rank, "cuda" in kinds)
