"""A long game: a websocket client plays, rewinds and changes; does the server's memory grow?

    python -m tests.helpers.soak --minutes 60

It prints the resident memory of the server once a minute, and ends with exit status 1 if the memory
of the last quarter exceeds the memory of the second quarter by more than 10 % (Linux only).
"""

import argparse
import asyncio
import contextlib
import json
import random
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHANGES = (
    {"k": "2"},
    {"k": "1"},
    {"loss": "non_saturating"},
    {"loss": "saturating"},
    {"learning_rate_d": "0.001"},
    {"rule": "momentum", "learning_rate_g": "0.02", "learning_rate_d": "0.02"},
    {"rule": "adam", "learning_rate_g": "0.002", "learning_rate_d": "0.002"},
    {"data": "spiral"},
    {"data": "ring"},
    {"average": "0.999"},
    {"average": "0"},
    {"seed": "1"},
    {"generator": "relu 24, linear"},
)
SURFACES = ("D", "best", "difference", "p_g")


class Soak:
    """A client that does what a class of pupils would do with a page.

    acts  {what it did: how often};  frames, iterations  how many it has seen
    """

    def __init__(self, socket, seed=0):
        self._socket, self._draw, self.acts = socket, random.Random(seed), {}
        self.frames = self.iterations = 0
        self._last = {"iteration": 0, "oldest": 0}

    async def do(self, do, **more):
        self.acts[do] = self.acts.get(do, 0) + 1
        await self._socket.send_json({"do": do, **more})

    async def act(self):
        """Something that a page can ask for."""
        draw, last = self._draw, self._last
        what = draw.choice(
            ["play"] * 4 + ["change"] * 3 + ["rewind"] * 2 + ["look", "step", "home"]
        )
        if what == "change":
            await self.do("change", fields=draw.choice(CHANGES))
        elif what == "rewind":
            await self.do("rewind", to=draw.randint(last["oldest"], last["iteration"]))
        elif what == "look":
            await self.do("look", surface=draw.choice(SURFACES), mesh=draw.random() < 0.5)
        elif what == "step":
            await self.do(draw.choice(["line", "iteration", "open", "restart"]))
        elif what == "home":
            await self.do("home", **{"as": draw.choice(["python", "recipe", "page", "film"])})
        await self.do("play")

    async def frame(self):
        """Ask for a frame and take it, as a page does."""
        await self._socket.send_json({"do": "frame"})
        while True:
            data = await self._socket.receive_bytes()
            found = json.loads(data[4 : 4 + int.from_bytes(data[:4], "little")])
            if "said" not in found:
                self.frames += 1
                self.iterations += max(0, found["iteration"] - self._last["iteration"])
                self._last = found
                return

    async def play(self, seconds, often=2.0):
        """Play for so long; act every `often` seconds."""
        await self.do("speed", unit="iteration", rate=0)
        end = time.monotonic() + seconds
        due = time.monotonic()
        while time.monotonic() < end:
            if time.monotonic() >= due:
                await self.act()
                due = time.monotonic() + often
            await self.frame()


def resident(pid):
    """Megabytes of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


async def soak(seconds, every, say=print):
    """Play against a server of its own; [(seconds, megabytes), …], and the Soak."""
    import aiohttp

    command = [sys.executable, "-m", "numpygan", "play", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, text=True, **pipes)
    try:
        address = (await asyncio.to_thread(server.stdout.readline)).rpartition(" ")[2].strip()
        origin, session = "/".join(address.split("/")[:3]), secrets.token_hex(16)
        start, rows = time.monotonic(), []
        async with aiohttp.ClientSession() as http:
            game = f"{address}game?session={session}"
            async with http.ws_connect(game, headers={"Origin": origin}, max_msg_size=0) as socket:
                player = Soak(socket)
                while time.monotonic() - start < seconds:
                    await player.play(every)
                    rows.append((time.monotonic() - start, resident(server.pid)))
                    say(
                        f"{rows[-1][0]:6.0f} s  {rows[-1][1]:6.1f} MB  {player.frames:,} frames  "
                        f"{player.iterations:,} iterations  {player.acts}"
                    )
        return rows, player
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()
        server.stdout.close()


def growth(rows):
    """The share by which the memory of the last quarter exceeds the memory of the second."""
    n = len(rows)
    second = statistics.median(size for _, size in rows[n // 4 : n // 2])
    last = statistics.median(size for _, size in rows[3 * n // 4 :])
    return last / second - 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    say = lambda line: print(line, flush=True)
    rows, _ = asyncio.run(soak(60 * options.minutes, 60 * options.minutes / 20, say))
    grown = growth(rows)
    print(f"the last quarter has {100 * grown:+.1f} % of memory beside the second")
    return int(grown > 0.1)


if __name__ == "__main__":
    sys.exit(main())
