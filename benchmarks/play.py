"""How fast does `numpygan play` start, and play while a page takes its frames?

    python benchmarks/play.py -o play.json            (needs the extra `play`; about a minute)
    python benchmarks/play.py --recipe gauss1d --seconds 20

A plain websocket client takes the place of the page: it asks for the next frame as soon as it has
one, and draws nothing. Each round starts the command anew, and measures the seconds from its start
to the first frame; then iterations and frames per second as fast as it goes, without any frame and
with frames. The difference is what the frames cost the training. On a machine that has other work,
look at the iterations per second of the server's own processor time (Linux only).
"""

import asyncio
import contextlib
import json
import math
import os
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

import timing

from numpygan.recipes.builtin import RECIPES


class Page:
    """The page's side of a game: a websocket on which it asks for frames."""

    def __init__(self, socket, pid):
        self._socket, self._pid, self.bytes = socket, pid, 0

    async def do(self, do, **more):
        await self._socket.send_json({"do": do, **more})

    async def frame(self):
        """The next frame; the game's other messages are passed over."""
        await self.do("frame")
        while True:
            data = await self._socket.receive_bytes()
            found = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
            if "said" not in found:
                self.bytes = len(data)
                return found

    async def rates(self, seconds, watching):
        """(iterations per second, per second of processor time, frames per second)."""
        await self.do("play")
        first = await self.frame()
        start, used, frames = time.perf_counter(), processor_time(self._pid), 0
        if not watching:
            await asyncio.sleep(seconds)
        while time.perf_counter() - start < seconds:
            await self.frame()
            frames += 1
        last = await self.frame()
        passed, used = time.perf_counter() - start, processor_time(self._pid) - used
        await self.do("pause")
        iterations = last["iteration"] - first["iteration"]
        return iterations / passed, iterations / used, frames / passed


def processor_time(pid):
    """The seconds of processor time that a process has used; NaN if the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def one_round(recipe, seconds):
    """The numbers of one start of the command."""
    aiohttp = timing.need("aiohttp", "play")
    start = time.perf_counter()
    command = [sys.executable, "-m", "numpygan", "play", recipe, "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, text=True, env=timing.environment(), **pipes)
    try:
        line = await asyncio.to_thread(server.stdout.readline)
        address = line.rpartition(" ")[2].strip()
        origin = "/".join(address.split("/")[:3])
        game = f"{address}game?session={secrets.token_hex(16)}"
        async with aiohttp.ClientSession() as http:
            async with http.ws_connect(game, headers={"Origin": origin}, max_msg_size=0) as socket:
                page = Page(socket, server.pid)
                await page.do("speed", unit="iteration", rate=0)
                await page.frame()
                found = {"first frame, s": time.perf_counter() - start}
                await page.rates(min(1.0, seconds), True)  # warms up
                for how, watching in (("without frames", False), ("with frames", True)):
                    rates = await page.rates(seconds, watching)
                    found[f"iterations/s {how}"] = rates[0]
                    found[f"iterations/s of its processor time, {how}"] = rates[1]
                found["frames/s"] = rates[2]
                found["kB in a frame"] = page.bytes / 1000
                return found
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def main(arguments=None):
    parser = timing.arguments(__doc__, rounds=5)
    parser.add_argument(
        "--recipe", default="ring", choices=["ring", "grid", "gauss1d", "mnist"], help="(ring)"
    )
    parser.add_argument(
        "--seconds", type=timing.at_least_one, default=5, metavar="S", help="of each (default: 5)"
    )
    options = parser.parse_args(arguments)
    rounds, seconds = (1, 2) if options.brief else (options.rounds, options.seconds)
    before = os.getloadavg()[0]
    found = [asyncio.run(one_round(options.recipe, seconds)) for _ in range(rounds)]
    rows = []
    for name in found[0]:
        values = [one[name] for one in found]
        rows.append([name, statistics.median(values), min(values), max(values)])
    m = RECIPES[options.recipe].batch
    print(f"numpygan play {options.recipe} (m = {m}), {rounds} starts, load {before:.1f} before")
    print(timing.table(["", "median", "least", "most"], rows))
    timing.save(options.file, {"recipe": options.recipe, "seconds": seconds, "rounds": found})


if __name__ == "__main__":
    main()
