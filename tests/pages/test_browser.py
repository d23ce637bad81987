"""The browser that the page tests look through sees what it must: errors, exceptions, requests, the
window.
"""


def page_of(text, tmp_path, open_page, **options):
    file = tmp_path / "a page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><title>t</title>{text}", encoding="utf-8")
    return open_page(file, **options)


def test_a_quiet_page_has_no_problems(tmp_path, open_page):
    page = page_of(
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs='>",
        tmp_path,
        open_page,
    )
    assert page.problems == page.requests == [] and page.title() == "t"


def test_errors_are_seen(tmp_path, open_page):
    page = page_of("<script>console.error('one'); throw Error('two')</script>", tmp_path, open_page)
    assert len(page.problems) == 2 and "one" in page.problems[0] and "two" in page.problems[1]


def test_requests_are_seen(tmp_path, open_page):
    page = page_of(
        "<img src='other.png'><link rel=stylesheet href='http://example.invalid/a.css'>",
        tmp_path,
        open_page,
    )
    assert sorted(url.rpartition("/")[2] for url in page.requests) == ["a.css", "other.png"]


def test_the_window_is_as_asked(tmp_path, open_page):
    page = page_of("", tmp_path, open_page, width=390, color_scheme="dark", reduced_motion="reduce")
    assert page.evaluate("innerWidth") == 390
    assert page.evaluate(
        "['color-scheme: dark', 'reduced-motion: reduce'].every(q => "
        "matchMedia(`(prefers-${q})`).matches)"
    )
