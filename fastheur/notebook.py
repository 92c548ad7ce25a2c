"""HTML for notebooks: small tables that take colours and letters from the page they stand on, light or dark."""

import html
from collections.abc import Collection, Sequence

_CELL = "padding:0 1.2em 0 0;vertical-align:top;background:none;border:0;font-weight:400;overflow-wrap:anywhere"


def block(title: str, *inner: str) -> str:
    """Return a piece of a page with a ``title``, which is escaped, over ``inner``, which is HTML."""
    return f'<div style="font-size:13px;line-height:1.5"><div style="font-weight:600">{html.escape(title)}</div>{"".join(inner)}</div>'


def line(text: str) -> str:
    """Return a line of text, escaped."""
    return f"<div>{html.escape(text)}</div>"


def table(rows: Sequence[Sequence[str]], right: Collection[int] = (), quiet: Collection[int] = ()) -> str:
    """Return a table of HTML cells.

    Args:
        right: columns that are aligned on the right. quiet: columns in a fainter colour, which name the others.
    """
    body = "".join(
        "<tr>" + "".join(_cell(cell, column in right, column in quiet) for column, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<table style="border-collapse:collapse;font-size:inherit;color:inherit;background:none;border:0">{body}</table>'


def _cell(content: str, right: bool, quiet: bool) -> str:
    style = f"text-align:{'right' if right else 'left'};{'opacity:.7;' if quiet else ''}{_CELL}"
    return f'<td style="{style}">{content}</td>'
