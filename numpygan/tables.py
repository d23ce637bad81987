"""Small tables: as text for the terminal, and as HTML for a notebook."""

from html import escape


def as_text(head, rows):
    """Aligned columns: the first to the left, the others to the right."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for first, *others in cells:
        right = [cell.rjust(n) for cell, n in zip(others, widths[1:])]
        lines.append("  ".join([first.ljust(widths[0]), *right]).rstrip())
    return "\n".join(lines)


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
