"""Text from outside as HTML."""

import html
from importlib import resources

from ..errors import printable


def escape(text):
    """`text` as HTML, with every special and every unprintable character escaped."""
    return html.escape(printable(text))


def page_file(name):
    """The text of a file in `page/`."""
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def style_sheet(name):
    """The style sheet `name`, after the colours of all pages."""
    return page_file("colours.css") + page_file(name)


def definitions(pairs):
    """The entries of a <dl>: pairs of a name and a value."""
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs
    )
