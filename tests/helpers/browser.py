"""Fixtures for tests of HTML pages in headless Chromium; tests/conftest.py brings them in.

They need Playwright (`pip install 'numpygan[pages]'`) and the system's Chromium (Debian: `apt-get
install chromium`); without either, the tests that ask for them are skipped with the reason.
"""

import shutil

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium with a fresh profile."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: pip install 'numpygan[pages]'"
    )
    path = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """`open_page(file, width=1280, **options)` opens a file in a window of its own, which is
    Playwright's page with two more lists:

    problems  what the console showed as error or warning, and exceptions that nobody caught
    requests  the addresses that the page asked for, itself and data: URIs left out

    options: of Playwright's `new_context`, as color_scheme="dark", reduced_motion="reduce",
    has_touch=True.
    """
    contexts = []

    def open_file(file, width=1280, height=900, **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, offline=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        address = file.resolve().as_uri()
        listen(page, lambda url: _leaves(url, address))
        page.goto(address)
        return page

    yield open_file
    for context in contexts:
        context.close()


def listen(page, leaves):
    """Collect what goes wrong in `page.problems`, and the addresses that leave in `page.requests`."""
    page.problems, page.requests = [], []

    def on_line(line):
        if line.type in ("error", "warning"):
            page.problems.append(line.text)

    def on_request(request):
        if leaves(request.url):
            page.requests.append(request.url)

    page.on("console", on_line)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", on_request)


def _leaves(url, address):
    return not url.startswith(("data:", address))
