"""Small tables: as text for the terminal, and as HTML for a notebook."""

import textwrap
from html import escape

WIDTH = 100  # columns of a terminal that all lines fit


def wrapped(line, indent=0):
    """`line` cut into lines of at most WIDTH columns, all but the first indented."""
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False
    )


def with_error(value, se, decimals):
    """`value` ± its standard error, if there is one; a dash if there is no value."""
    if value is None:
        return "–"
    return f"{value:.{decimals}f}" + ("" if se is None else f" ± {se:.{decimals}f}")


def as_text(head, rows, left=(0,)):
    """Aligned columns: those in `left` to the left, the others to the right."""
    columns = []
    for i, cells in enumerate(zip(head, *rows)):
        width = max(map(len, cells))
        columns.append([cell.ljust(width) if i in left else cell.rjust(width) for cell in cells])
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns))


def as_html(head, rows, caption=""):
    """A <table>; every cell is escaped."""

    def line(tag, row):
        aligned = [(cell, "left" if i == 0 else "right") for i, cell in enumerate(row)]
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for cell, side in aligned
        )

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{line('th', head)}</tr></thead><tbody>{body}</tbody></table>"
    )
