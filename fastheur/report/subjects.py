"""From the words behind ``fastheur report`` to what is reported on: runs, and ledgers of evaluations."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fastheur.database import explained
from fastheur.errors import ConfigError
from fastheur.report.reading import reader
from fastheur.run_folder import LEDGER, RUNS, find_run

_SUFFIX = ".db"


@dataclass(frozen=True)
class Subjects:
    """What is reported on.

    Attributes:
        runs: their folders. ledgers: files with the trials of ``fastheur eval``. home: where the report goes by default.
    """

    runs: tuple[Path, ...]
    ledgers: tuple[Path, ...]
    home: Path


def subjects_of(words: Sequence[str]) -> Subjects:
    """Return the runs and ledgers that ``words`` name: runs, folders of runs, and ledger files.

    Raises:
        ConfigError: a word names none of these. LedgerError: a ledger is damaged.
    """
    runs, ledgers, homes = list[Path](), list[Path](), list[Path]()
    for word in words:
        found, others, home = _named(word)
        runs += [path for path in found if path not in runs]
        ledgers += [path for path in others if path not in ledgers]
        homes.append(home)
    return Subjects(tuple(runs), tuple(ledgers), homes[0] if len(words) == 1 else RUNS)


def _named(word: str) -> tuple[list[Path], list[Path], Path]:
    """Return runs, ledgers and home of one word."""
    path = Path(word)
    if path.is_file() and path.suffix == _SUFFIX:
        return ([path.parent], [], path.parent) if _is_run(path) else ([], [path], path.parent)
    inside = sorted(one.parent for one in path.glob(f"*/{LEDGER}") if _is_run(one)) if path.is_dir() else []
    own = path / LEDGER
    if own.is_file() and (inside or not _is_run(own)):
        return inside, [own] if not _is_run(own) else [], path
    if inside:
        return inside, [], path
    if path.is_dir() and not own.is_file():
        raise ConfigError(
            f"The folder {word} holds no run and no folders of runs; `fastheur runs` shows those in {RUNS}/."
        )
    folder = find_run(word)
    return [folder], [], folder


def _is_run(ledger: Path) -> bool:
    """Say whether a ledger is that of a run, without changing it."""
    with explained("open", ledger), closing(reader(ledger)) as db:
        tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "run_versions" not in tables:
            return False
        return db.execute("SELECT 1 FROM meta WHERE key = 'config'").fetchone() is not None
