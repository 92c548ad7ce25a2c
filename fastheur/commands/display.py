"""What the commands show: progress on a terminal, plain lines in a pipe, tables at the end."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from fastheur.rollout import Episode
from fastheur.score import Scorecard
from fastheur.tasks import references

PLAIN_SECONDS = 10.0
"""How often a progress line is printed where there is no terminal."""

Report = Callable[[int, Sequence[Episode]], None]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the command line: rich would exit with 1 although the work is done."""
        raise BrokenPipeError


def console() -> Console:
    """Return a console for standard output; tables keep their width in a pipe."""
    return _Console(width=None if sys.stdout.isatty() else 120, highlight=False)


@contextmanager
def progress(title: str, episodes: int) -> Iterator[Report]:
    """Show how far an evaluation of ``episodes`` episodes is; yields the callback that :func:`evaluate` takes."""
    if not sys.stderr.isatty():
        yield _plain(title, episodes)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[live]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(title, total=episodes, live="")
        rate = _Rate()

        def report(steps: int, done: Sequence[Episode]) -> None:
            bars.update(bar, completed=len(done), live=_live(steps, done, episodes, rate(steps)))

        yield report


def _plain(title: str, episodes: int) -> Report:
    rate, last = _Rate(), [time.perf_counter()]

    def report(steps: int, done: Sequence[Episode]) -> None:
        speed = rate(steps)
        if time.perf_counter() - last[0] >= PLAIN_SECONDS:
            last[0] = time.perf_counter()
            print(f"{title}: {_live(steps, done, episodes, speed)}", file=sys.stderr, flush=True)

    return report


class _Rate:
    """Env steps per second since the first report."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None

    def __call__(self, steps: int) -> float:
        now = time.perf_counter()
        if self._start is None:
            self._start = (now, steps)
        seconds = now - self._start[0]
        return (steps - self._start[1]) / seconds if seconds > 0 else 0.0


def _live(steps: int, done: Sequence[Episode], episodes: int, rate: float) -> str:
    mean = f"mean {sum(episode.ret for episode in done) / len(done):.1f}, " if done else ""
    return f"{len(done)}/{episodes} episodes, {mean}{steps:,} env steps, {rate:,.0f}/s"


def scorecards(cards: Sequence[Scorecard], title: str | None = None) -> Table:
    """Return the table that every evaluation ends in: score, record, HNS, steps/s. Fits 80 columns."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("task", "protocol"):
        table.add_column(name, no_wrap=True)
    for name in ("eps", "score", "record", "HNS", "steps/s"):
        table.add_column(name, justify="right", no_wrap=True)
    for card in cards:
        setting, record = card.setting, references().get(card.setting.env_id)
        table.add_row(
            f"{setting.env_id} {setting.obs_mode}",
            f"{setting.protocol} {setting.split}",
            str(len(card.episodes)),
            _score(card),
            "-" if record is None else f"{record.score:,.6g}",
            "-" if card.hns is None else f"{card.hns:.2f}",
            f"{card.steps_per_s:,.0f}",
        )
    return table


def _score(card: Scorecard) -> str:
    """The mean, and under it how sure it is."""
    if card.mean is None:
        return "-"
    below = (
        "exact" if card.whole_population else "" if card.interval is None else "{:,.1f}..{:,.1f}".format(*card.interval)
    )
    return f"{card.mean:,.2f}" + (f"\n[dim]{below}[/dim]" if below else "")
