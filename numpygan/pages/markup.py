"""Text that comes from outside, as HTML."""

import html

from ..errors import printable


def escape(text):
    """`text` as HTML that can be shown and encoded, whatever is in it."""
    return html.escape(printable(text))


def definitions(pairs):
    """The entries of a <dl>: a name and a value each."""
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs
    )
