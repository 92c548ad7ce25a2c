"""``fastheur diff RUN v3 v7``: what differs between two versions of a run."""

from collections.abc import Mapping
from typing import Any

from rich.syntax import Syntax

from fastheur.commands.display import console
from fastheur.comparing import unified
from fastheur.errors import ConfigError
from fastheur.run_ledger import Version
from fastheur.runs import Run


def main(config: Mapping[str, Any], name: str, old: str, new: str) -> int:
    """Print the difference as a unified diff."""
    run = Run.open(name)
    before, after = (_version(run, word) for word in (old, new))
    text = unified(before.source, after.source, before.name, after.name)
    for one in (before, after):
        score = "-" if one.score is None else f"{one.score:,.2f}"
        print(f"{one.name}: {score}, {one.verdict}; {one.hypothesis}")
    screen = console()
    if screen.is_terminal:
        screen.print(Syntax(text, "diff", background_color="default", word_wrap=True))
    else:
        print(text or "No difference.")
    return 0


def _version(run: Run, word: str) -> Version:
    versions = {one.name: one for one in run.ledger.versions()}
    found = versions.get(word if word.startswith("v") else f"v{word}")
    if found is None:
        raise ConfigError(f"{run.folder} has no version {word!r}, expected one of v1 .. v{len(versions)}.")
    return found
