"""``fastheur replay RUN``: an episode of a trial played again, and made into video, contact sheet and step table."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from fastheur.commands.display import console
from fastheur.errors import ConfigError, printable
from fastheur.rechecking import Progress
from fastheur.replays import Replay, replay


def main(config: Mapping[str, Any], name: str) -> int:
    """Make a replay, and say what was made."""
    for flag in ("video", "sheet"):
        if not isinstance(config[flag], bool):
            raise ConfigError(f"{flag} is {config[flag]!r}, expected true or false.")
    for text in ("out", "trace", "isolation"):
        if not isinstance(config[text], (str, type(None))):
            raise ConfigError(f"{text} is {config[text]!r}, expected a text, or null.")
    with _progress() as progress:
        made = replay(name, **config, progress=progress)
    _tell(made, console())
    return 0


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show how far a replay is, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} env steps"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bars.update(bar, description=what, completed=done, total=total or None)

        yield report


def _tell(made: Replay, screen: Console) -> None:
    """Print what was seen, checked and made."""
    facts = made.facts
    print(made)
    for side in [facts[name] for name in ("left", "right") if name in facts] or [facts]:
        print(f"trial {side['trial']}: {_checked(side)}")
        for remark in (side["remark"], side["problem"]):
            if remark:
                print(printable(remark))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("step", justify="right")
    table.add_column("moment")
    for moment in made.moments:
        table.add_row(f"{moment['step']:,}", Text(moment["text"]))
    screen.print(table)
    for path in made.files:
        print(f"{path}  {path.stat().st_size / 1000:,.0f} kB{_size(facts) if path == made.video else ''}")
    print(f"{facts['env_steps']:,} env steps were taken for it, and charged to nobody.")


def _checked(side: Mapping[str, Any]) -> str:
    if side["recorded_action_hash"] is None:
        return "no action hash was recorded to compare with"
    return f"action hash equal ({side['action_hash']})"


def _size(facts: Mapping[str, Any]) -> str:
    seconds = facts["pictures"] / facts["pictures_per_s"]
    return (
        f", {facts['width']} x {facts['height']}, {seconds:,.1f} s at {facts['pictures_per_s']:g} pictures per second"
    )
