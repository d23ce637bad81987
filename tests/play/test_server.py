"""The server of `numpygan play`: who gets in, what is refused, and that it lives on."""

import asyncio
import json
import secrets
from importlib import resources

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from numpygan.cli import main
from numpygan.play.setup import Setup
from tests.helpers.play import SECONDS, SMALL
from tests.runs.test_processes import process

aiohttp = pytest.importorskip("aiohttp", reason="needs aiohttp: pip install 'numpygan[play]'")

from numpygan.play import server as play_server  # noqa: E402
from numpygan.play.server import GAMES, Server  # noqa: E402


class Client:
    """A page's side of the connection."""

    def __init__(self, http, address):
        self.http, self.address = http, address
        self.origin = address[: address.index("/", 7)]

    async def get(self, path="", **headers):
        async with self.http.get(self.address + path, headers=headers) as response:
            return response.status, await response.text(), response.headers

    def game(self, session=None, address=None, **headers):
        session = session or secrets.token_hex(16)
        headers = {"Origin": self.origin} | headers
        return self.http.ws_connect(
            f"{address or self.address}game?session={session}", headers=headers
        )


def message(data):
    size = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + size])


async def said(socket, kind):
    """What the server says next of this kind; of a frame, which has none, the frame."""
    while True:
        found = message(await asyncio.wait_for(socket.receive_bytes(), SECONDS))
        if found.get("said") == kind:
            return found.get("content", found)


def with_server(test, **options):
    """Run `await test(client, server)` beside a server of its own."""

    async def run():
        server = Server(Setup(SMALL), **options)
        address = await server.start(0)
        try:
            async with aiohttp.ClientSession() as http:
                return await test(Client(http, address), server)
        finally:
            await server.stop()

    return asyncio.run(run())


def test_the_page_and_its_files():
    async def test(client, _):
        status, text, headers = await client.get()
        assert status == 200 and "Algorithm 1" in text
        assert (
            "default-src 'none'" in headers["Content-Security-Policy"]
            and "unsafe" not in headers["Content-Security-Policy"]
        )
        for file in (resources.files("numpygan.play") / "page").iterdir():
            assert (await client.get(file.name))[:2] == (200, file.read_text(encoding="utf-8"))
        assert (
            "--paper" in (await client.get("colours.css"))[1]
            and "box-sizing" in (await client.get("study.css"))[1]
            and "experiments" in (await client.get("about.js"))[1]
        )
        for path in (
            "no.js",
            "../server.py",
            "%2e%2e/server.py",
            "server.py",
            "..%2f..%2fplay%2fserver.py",
            "study.html",
            ".js",
        ):
            assert (await client.get(path))[0] == 404 or (await client.get(path))[0] == 403

    with_server(test)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_name_or_origin_is_refused(headers):
    async def test(client, server):
        status, text, _ = await client.get(**headers)
        assert status == 403 and text.endswith(".") and "<" not in text
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.game(**headers)
        assert refused.value.status == 403 and not server.games

    with_server(test)


def test_a_socket_needs_an_origin_and_everything_needs_the_token():
    async def test(client, server):
        root = client.origin + "/"
        for address in (
            root,
            root + "x/",
            root + server.token[:-1] + "/",
            root + server.token + "x/",
        ):
            client.address = address
            assert (await client.get("play.html"))[0] in (403, 404)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.game()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with client.http.ws_connect(f"{root}{server.token}/game?session={'0' * 32}"):
                pass
        assert refused.value.status == 403 and not server.games

    with_server(test)


def test_a_game_is_played_over_the_socket():
    async def test(client, _):
        async with client.game() as socket:
            setup = await said(socket, "setup")
            assert setup["recipe"]["name"] == "ring"
            await socket.send_json({"do": "iteration"})
            await socket.send_json({"do": "frame"})
            while True:
                frame = await said(socket, None)
                if frame["iteration"] == 1:
                    return
                await socket.send_json({"do": "frame"})

    with_server(test)


def test_a_torn_socket_finds_its_game_again_and_it_has_paused():
    async def test(client, server):
        session = secrets.token_hex(16)
        async with client.game(session) as socket:
            await said(socket, "setup")
            await socket.send_json({"do": "play"})
            socket._response.connection.transport.abort()  # no farewell
        game = server.games[session]
        async with client.game(session) as socket:
            assert server.games == {session: game}
            frame = {"playing": True}
            await socket.send_json({"do": "pause"})
            while frame["playing"]:
                await socket.send_json({"do": "frame"})
                frame = await said(socket, None)

    with_server(test)


def test_a_page_that_is_opened_twice_plays_in_one_window():
    async def test(client, _):
        session = secrets.token_hex(16)
        async with client.game(session) as first:
            await said(first, "setup")
            async with client.game(session) as second:
                told = []
                while (found := await first.receive()).type == aiohttp.WSMsgType.BINARY:
                    told.append(message(found.data))
                # It must not try again: two pages would take the game from each other for ever.
                assert told[-1]["final"] and "in another window" in told[-1]["content"]
                await second.send_json({"do": "frame"})
                await said(second, None)

    with_server(test)


def test_a_hundred_connections():
    async def test(client, server):
        sockets = [await client.game() for _ in range(100)]
        told = [await said(socket, "error") for socket in sockets[GAMES:]]
        assert len(told) == 100 - GAMES and all("close a page" in sentence for sentence in told)
        assert len(server.games) == GAMES
        for socket in sockets:
            await socket.close()
        async with client.game() as socket:  # games that were left make room
            assert await said(socket, "setup")

    with_server(test)


@pytest.mark.parametrize(
    "nonsense",
    ["", "{", "[" * 50_000, "null", "3", '"play"', "NaN", '{"do": "x"}', '{"do": {}}', b"\0\xff"],
)
def test_nonsense_is_told_and_the_game_lives_on(nonsense):
    async def test(client, _):
        async with client.game() as socket:
            await (socket.send_bytes if isinstance(nonsense, bytes) else socket.send_str)(nonsense)
            assert (await said(socket, "error")).endswith(".")
            await socket.send_json({"do": "frame"})
            assert (await said(socket, None))["iteration"] == 0

    with_server(test)


def test_a_message_that_is_too_long_closes_its_socket_and_no_other():
    async def test(client, _):
        async with client.game() as other, client.game() as socket:
            await socket.send_str("x" * 1_000_000)
            while (found := await socket.receive()).type == aiohttp.WSMsgType.BINARY:
                pass
            assert found.data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            await other.send_json({"do": "frame"})
            assert await said(other, None)

    with_server(test)


def test_a_page_that_reads_nothing_fills_no_memory():
    async def test(client, server):
        session = secrets.token_hex(16)
        async with client.game(session) as socket:
            for _ in range(2_000):
                await socket.send_json({"do": "fly"})
            game = server.games[session]
            assert (
                len(game._replies) <= play_server._REPLIES and game.trainer._commands.qsize() <= 100
            )

    with_server(test)


def test_a_session_is_named_by_the_page():
    async def test(client, server):
        for session in ("x", "0" * 31, "G" * 32, "0" * 64):
            async with client.game(session) as socket:
                assert "reload it" in await said(socket, "error")
        assert not server.games

    with_server(test)


def test_a_study_page_is_served_in_a_sandbox_to_its_own_game_alone():
    async def test(client, _):
        session, other = secrets.token_hex(16), secrets.token_hex(16)
        async with client.game(session) as socket, client.game(other) as beside:
            await said(socket, "setup")
            await said(beside, "setup")
            assert (await client.get(f"{session}/opened.html"))[0] == 404
            await socket.send_json({"do": "open"})
            made = await said(socket, "file")
            status, text, headers = await client.get(f"{session}/{made['name']}")
            assert status == 200 and "Backprop in a GAN" in text
            assert len(text.encode()) == made["size"]
            policy = headers["Content-Security-Policy"]
            assert "sandbox allow-scripts" in policy and "default-src 'none'" in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            for path in (f"{other}/opened.html", f"{session}/server.py", "x/opened.html"):
                assert (await client.get(path))[0] == 404
            assert (await client.get(f"{session}/opened.html", Host="evil.example"))[0] == 403

    with_server(test)


def test_it_ends_when_the_page_was_closed_for_a_while():
    async def test(client, server):
        async with client.game() as socket:
            await said(socket, "setup")
        await asyncio.wait_for(server.closed.wait(), SECONDS)

    with_server(test, patience=0.1)


# The command


@pytest.mark.parametrize("chosen", [None, "2"])
def test_blas_has_one_thread_while_it_plays_unless_told_otherwise(chosen, monkeypatch, capsys):
    found = []

    def threads():
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    async def serve(setup, port, ready):
        found.append(threads())

    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", chosen)
    monkeypatch.setattr(play_server, "serve", serve)
    with threadpool_limits(2):
        before = threads()
        assert main(["play", "--no-browser"]) == 0
        assert found == [before if chosen else {1}] and threads() == before


def test_a_port_that_is_taken_is_one_sentence(capsys):
    async def test(client, server):
        return await asyncio.to_thread(main, ["play", "--no-browser", "--port", str(server.port)])

    assert with_server(test) == 2
    err = capsys.readouterr().err
    assert "--port" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["tfd"], "the page can't show the data"),
        (["rign"], "did you mean 'ring'"),
        (["--port", "70000"], "expected a port"),
    ],
)
def test_mistakes_are_one_sentence(arguments, told, capsys):
    assert main(["play", "--no-browser", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1


def test_ctrl_c_ends_it():
    import signal
    import subprocess

    done = process("play", "--no-browser", stdout=subprocess.PIPE)
    assert "http://127.0.0.1:" in done.stdout.readline()
    done.send_signal(signal.SIGINT)
    out, err = done.communicate(timeout=SECONDS)
    assert (
        done.returncode == 130
        and err.startswith("numpygan: play has ended")
        and err.count("\n") == 1
    )
