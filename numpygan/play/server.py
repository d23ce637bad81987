"""The server: the page's files, and a websocket for each page, on this machine alone."""

import asyncio
import hmac
import json
import re
import secrets
import signal
import time
from collections import deque
from importlib import resources

from ..errors import NumpyganError
from ..pages.study_page import layout
from . import experiments
from .choices import about_settings
from .player import Trainer

try:
    from aiohttp import WSCloseCode, WSMsgType, web
except ImportError:
    raise NumpyganError(
        "play: needs the package aiohttp, which is not installed; pip install 'numpygan[play]'."
    ) from None

GAMES = 8  # most games that are kept; each has a trainer
_PATIENCE = 120.0  # seconds that a game and the server wait for a page without a connection
_MESSAGE = 64 * 1024  # most bytes of a message from a page
_REPLIES = 100  # most replies that wait for a slow page; older ones are dropped

_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

# A study page holds its own scripts. The sandbox keeps them away from the page around it.
_STUDY_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)


class Game:
    """A page's trainer, what is to be sent to the page, and the last file of each name."""

    def __init__(self, setup, loop):
        self._loop, self._replies, self._frame = loop, deque(maxlen=_REPLIES), None
        self.waiting, self.socket, self.left = asyncio.Event(), None, time.monotonic()
        self.files = {}
        self.trainer = Trainer(setup, self._from_trainer)
        self.trainer.start()

    def _from_trainer(self, kind, content):
        """In the trainer's thread: pack, and hand over to the server's."""
        if kind == "file":
            content = dict(content)
            self.files[content["name"]] = content.pop("bytes")
            content["size"] = len(self.files[content["name"]])
        message = layout(content) if kind == "frame" else layout({"said": kind, "content": content})
        try:
            self._loop.call_soon_threadsafe(self._put, kind, message)
        except RuntimeError:  # the server has ended
            pass

    def _put(self, kind, message):
        if kind == "frame":
            self._frame = message  # a newer one takes the place of the older
        else:
            self._replies.append(message)
        self.waiting.set()

    async def send_all(self, socket):
        """What is to be sent, as it comes, and as fast as the page takes it."""
        while True:
            await self.waiting.wait()
            self.waiting.clear()
            while self._replies or self._frame:
                if self._replies:
                    await socket.send_bytes(self._replies.popleft())
                else:
                    frame, self._frame = self._frame, None
                    await socket.send_bytes(frame)


class Server:
    """Serves the page at /TOKEN/ and its games at /TOKEN/game.

    setup     what a new page plays
    patience  seconds without a page after which `closed` is set; only after there was one
    """

    def __init__(self, setup, patience=_PATIENCE):
        self.setup, self.token, self.patience = setup, secrets.token_urlsafe(24), patience
        self.games, self.closed, self._last_seen = {}, asyncio.Event(), None
        self.app = web.Application(middlewares=[self._guard], client_max_size=_MESSAGE)
        self.app.add_routes(
            [
                web.get("/{token}/game", self._game),
                web.get("/{token}/", self._file),
                web.get("/{token}/{name}", self._file),
                web.get("/{token}/{session}/{name}", self._taken),
            ]
        )
        self.app.on_shutdown.append(self._shut_down)

    async def start(self, port):
        """Listen; returns the address. Raises NumpyganError if the port is taken."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", port, backlog=64).start()
        except OSError as error:
            await self._runner.cleanup()
            raise NumpyganError(
                f"--port {port}: cannot be used ({error.strerror or error}); "
                f"choose another, or leave it out."
            ) from None
        self.port = self._runner.addresses[0][1]
        self.hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        self._watch = asyncio.create_task(self._end_what_is_left())
        return f"http://127.0.0.1:{self.port}/{self.token}/"

    async def stop(self):
        self._watch.cancel()
        await self._runner.cleanup()

    async def _shut_down(self, _):
        for game in list(self.games.values()):
            game.trainer.close()
            if game.socket is not None:
                await game.socket.close(
                    code=WSCloseCode.GOING_AWAY, message=b"numpygan play has ended"
                )

    @web.middleware
    async def _guard(self, request, handler):
        """Only this server's own page gets in: by host, token, and (of a socket) origin."""
        if request.host not in self.hosts:  # a name that points here: DNS rebinding
            return _refused("numpygan play answers to 127.0.0.1 and localhost alone.")
        token = request.match_info.get("token", "").encode()
        if not hmac.compare_digest(token, self.token.encode()):
            return _refused(
                "The address has no valid token; use the one that numpygan play printed."
            )
        origin = request.headers.get("Origin")
        own = {f"http://{host}" for host in self.hosts}
        socket = request.match_info.handler == self._game
        if (socket and origin not in own) or (origin is not None and origin not in own):
            return _refused("Another page may not play here.")
        response = await handler(request)
        if not socket:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    async def _file(self, request):
        name = request.match_info.get("name", "play.html")
        if name == "about.js":
            text = f"export default {json.dumps(about())};\n"
            return web.Response(text=text, content_type="text/javascript", charset="utf-8")
        package = "numpygan.pages" if name in ("colours.css", "study.css") else __package__
        suffix = re.fullmatch(r"[a-z]+(\.(html|js|css))", name)
        file = resources.files(package) / "page" / name
        if not suffix or not file.is_file():
            return web.Response(status=404, text="There is no such file.")
        text = file.read_text(encoding="utf-8")
        return web.Response(text=text, content_type=_TYPES[suffix[1]], charset="utf-8")

    async def _taken(self, request):
        """A file that the game has made: a study page, or a film."""
        game = self.games.get(request.match_info["session"])
        name = request.match_info["name"]
        if game is None or name not in game.files:
            return web.Response(status=404, text="There is no such file; make it again.")
        if name.endswith(".gif"):
            return web.Response(body=game.files[name], content_type="image/gif")
        return web.Response(
            body=game.files[name],
            content_type="text/html",
            charset="utf-8",
            headers={"Content-Security-Policy": _STUDY_POLICY},
        )

    async def _game(self, request):
        # Within one machine, to deflate a frame takes longer than to send it.
        socket = web.WebSocketResponse(max_msg_size=_MESSAGE, heartbeat=30.0, compress=False)
        await socket.prepare(request)
        try:
            session = request.query.get("session", "")
            known = session in self.games
            game = self._game_of(session)
        except NumpyganError as error:
            await socket.send_bytes(layout({"said": "error", "content": str(error), "final": True}))
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return socket
        before, game.socket, self._last_seen = game.socket, socket, time.monotonic()
        if before is not None:
            await _end_page(before)
        # A page whose game was ended meanwhile gets a new one, and gives it its settings.
        kept = known and game is self.games.get(session)
        await socket.send_bytes(layout({"said": "game", "content": "kept" if kept else "new"}))
        game.trainer.do_if_room({"do": "hello"})  # a page that comes back knows nothing
        sender = asyncio.create_task(game.send_all(socket))
        try:
            async for message in socket:
                await self._obey(game, message)
        finally:
            sender.cancel()
            if game.socket is socket:
                game.socket, game.left = None, time.monotonic()
                game.trainer.do_if_room({"do": "pause"})
        return socket

    async def _obey(self, game, message):
        try:
            command = json.loads(message.data) if message.type == WSMsgType.TEXT else None
        except (ValueError, RecursionError):
            command = None
        if isinstance(command, dict) and command.get("do") == "frame":
            game.trainer.want()
            return
        # A page that sends more than the trainer can do waits here, and is not read meanwhile.
        while not game.trainer.do_if_room(command if command is not None else {}):
            await asyncio.sleep(0.02)

    def _game_of(self, session):
        """The game of the page that calls itself `session`; a new one if it has none."""
        if not re.fullmatch(r"[0-9a-f]{32}", session):
            raise NumpyganError("The page has no valid session; reload it.")
        if session in self.games and not self.games[session].trainer.is_alive():
            del self.games[session]
        if session not in self.games:
            self._end_games_left(0.0 if len(self.games) >= GAMES else _PATIENCE)
            if len(self.games) >= GAMES:
                raise NumpyganError(
                    f"{GAMES} games are open, and numpygan play keeps no more; "
                    f"close a page, then reload this one."
                )
            self.games[session] = Game(self.setup, asyncio.get_running_loop())
        return self.games[session]

    def _end_games_left(self, patience):
        now = time.monotonic()
        for session, game in list(self.games.items()):
            if game.socket is None and now - game.left >= patience:
                game.trainer.close()
                del self.games[session]

    async def _end_what_is_left(self):
        while True:
            await asyncio.sleep(min(1.0, self.patience / 4))
            self._end_games_left(_PATIENCE)
            if any(game.socket for game in self.games.values()):
                self._last_seen = time.monotonic()
            if self._last_seen is not None and time.monotonic() - self._last_seen > self.patience:
                self.closed.set()


async def _end_page(socket):
    """Tell a page that its game goes on in another window; it must not try again."""
    sentence = "This game goes on in another window; reload this page to have it here."
    final = layout({"said": "error", "content": sentence, "final": True})
    try:
        async with asyncio.timeout(1.0):  # a page that reads nothing is not waited for
            await socket.send_bytes(final)
            await socket.close(message=b"the page was opened again")
    except (TimeoutError, ConnectionError):
        pass


def about():
    """What the page says about settings and experiments."""
    return {"settings": about_settings(), "experiments": experiments.listed()}


def _refused(sentence):
    return web.Response(status=403, text=sentence)


async def serve(setup, port, ready):
    """Serve until the page has been closed for a while; ready(address): it can be opened."""
    server = Server(setup)
    address = await server.start(port)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for name in ("SIGTERM", "SIGHUP"):
        try:
            if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(getattr(signal, name), task.cancel)
        except (AttributeError, NotImplementedError, RuntimeError, ValueError):
            pass  # not on this system, or not in the main thread
    try:
        ready(address)
        await server.closed.wait()
    finally:
        await server.stop()
