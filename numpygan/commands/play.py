"""numpygan play: Algorithm 1 live in the browser."""

import os
import sys
from contextlib import nullcontext

from threadpoolctl import threadpool_limits

from ..errors import NumpyganError
from .arguments import natural

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def add(command):
    parser = command(
        "play",
        play,
        "Play Algorithm 1 live in the browser: step, rewind, change.",
        "numpygan play ring",
    )
    parser.refused = {
        "--data": "play has data of its own, which are chosen on its page; leave out --data, or "
        "use `numpygan train --data` for other data"
    }
    parser.add_argument(
        "recipe", nargs="?", default="ring", metavar="RECIPE", help="what to play (default: ring)"
    )
    parser.add_argument(
        "--port",
        type=natural,
        default=0,
        metavar="N",
        help="the port on 127.0.0.1 (default: any that is free)",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address, and open no browser"
    )


def play(options):
    from ..play.setup import setup_of

    if options.port > 65_535:
        raise NumpyganError(
            f"--port {options.port}: expected a port from 1 to 65535, or 0 for any."
        )
    _serve(setup_of(options.recipe), options.port, not options.no_browser)


def _serve(setup, port, browser):
    """Serve until the page is closed. Raises KeyboardInterrupt after Ctrl-C."""
    import asyncio
    import webbrowser

    from ..play.server import serve

    def ready(address):
        print(f"numpygan play: {address}")
        print("Only this machine can open it. Ctrl-C ends it, and so does closing the page.")
        sys.stdout.flush()
        if browser:
            webbrowser.open(address)

    # The browser has work, too. Several BLAS threads then wait for each other most of the time.
    chosen = any(name in os.environ for name in _THREADS)
    try:
        with nullcontext() if chosen else threadpool_limits(1, "blas"):
            asyncio.run(serve(setup, port, ready))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise KeyboardInterrupt("play has ended; what was not taken home is gone.") from None
    print("The page was closed, so play has ended.")
