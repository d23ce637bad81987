"""A server of `numpygan play`, and its page in a browser."""

import asyncio
import threading

import pytest

from numpygan.play.setup import Setup
from tests.helpers.browser import listen
from tests.helpers.play import SECONDS, SMALL


@pytest.fixture(scope="module")
def served():
    """A server in a thread of its own: {"server", "address", "loop"}."""
    from numpygan.play.server import Server

    started, found, loop = threading.Event(), {}, asyncio.new_event_loop()

    async def run():
        server = Server(Setup(SMALL))
        found.update(server=server, address=await server.start(0), loop=loop)
        found.update(stop=asyncio.Event())
        started.set()
        await found["stop"].wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert started.wait(SECONDS)
    yield found
    loop.call_soon_threadsafe(found["stop"].set)
    thread.join(SECONDS)
    loop.close()


@pytest.fixture
def address(served):
    return served["address"]


@pytest.fixture
def play(chromium, address):
    """`play(width, **options)` opens the page, which waits for its first command."""
    contexts = []

    def open_page(width=1280, settings="", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, **{"bypass_csp": True} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        listen(page, lambda url: not url.startswith((address, "data:")))
        page.goto(f"{address}?still{settings}")
        page.wait_for_selector("[data-game=A][data-iteration]")
        return page

    yield open_page
    for context in contexts:
        context.close()
