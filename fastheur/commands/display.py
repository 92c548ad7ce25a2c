"""What the commands show: progress on a terminal, plain lines in a pipe, tables at the end."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from fastheur import score_view
from fastheur.rollout import Episode
from fastheur.run_watch import PLAIN_SECONDS
from fastheur.score import Scorecard

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
    """Return the table that every evaluation ends in."""
    return score_view.table([card.to_dict() for card in cards], title)
