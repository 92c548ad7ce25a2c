"""Makes the replays that the champions of runs have not got, before a report is built."""

from collections.abc import Callable, Sequence

from fastheur.errors import FastheurError
from fastheur.replays import replay
from fastheur.report.gathering import gather
from fastheur.report.reading import opened_run
from fastheur.report.replays import found_in, missing
from fastheur.report.subjects import subjects_of


def make_replays(words: Sequence[str], say: Callable[[str], None]) -> None:
    """Replay the worst train episode of every champion that was never replayed, and ``say`` a line of each.

    Args:
        words: as in :func:`fastheur.report.write_report`; nothing is made for plain ledgers.

    Raises:
        ConfigError: there is no such run. One that cannot be replayed is told, and the others go on.
    """
    for folder in subjects_of(words).runs:
        with opened_run(folder) as run:
            record = gather(run)
        for wanted in missing(record, found_in(folder)):
            try:
                say(str(replay(folder, trial=wanted.trial, trace=None)))
            except FastheurError as error:
                say(f"v{wanted.version} of {folder} cannot be replayed: {error}")
