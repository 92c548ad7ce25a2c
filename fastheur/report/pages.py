"""Fills the templates; every text that came from a ledger is escaped on its way in."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fastheur import __version__
from fastheur.report import wording
from fastheur.report.addresses import name_of, page_of
from fastheur.report.diffs import changed
from fastheur.report.glyphs import GLYPHS, icon, sprites

_FOLDER = Path(__file__).parent

ASSETS = ("report.css", "report.js")
"""The one style sheet and the one script, at the root of a report."""


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(wording.FILTERS)
    environment.globals.update(
        fastheur_version=__version__,
        glyphs=GLYPHS,
        icon=icon,
        sprites=sprites,
        page_of=page_of,
        name_of=name_of,
        changed=changed,
        interval=wording.interval,
        unknown=wording.UNKNOWN,
    )
    return environment


def page(template: str, root: str, **content: Any) -> str:
    """Return a page.

    Args:
        template: name of its file. root: address of the report's folder from the page: empty, ``../`` or ``../../``.
        content: what the template asks for.
    """
    return _templates().get_template(template).render(root=root, **content)


def asset(name: str) -> str:
    """Return the text of one of :data:`ASSETS`."""
    return (_FOLDER / "assets" / name).read_text(encoding="utf-8")
