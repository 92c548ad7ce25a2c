"""Repairs a ledger and destroys nothing: copies it aside, recovers what can be read, settles what was cut off."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastheur.database import SIDE_FILES, connect, explained
from fastheur.drafts import whole_file
from fastheur.errors import ConfigError, LedgerError
from fastheur.ledger import Ledger
from fastheur.ledger_adoption import adopt
from fastheur.ledger_check import Report, check, is_run, private_copy, used_elsewhere
from fastheur.ledger_salvage import Kept, salvage
from fastheur.meter import StepMeter
from fastheur.migrations import NewerLedger
from fastheur.run_folder import LEDGER, LOCK, METER, lock_folder
from fastheur.run_ledger import RunLedger
from fastheur.trial_rows import settle_open


@dataclass(frozen=True)
class Repaired:
    """What a repair has done.

    Attributes:
        aside: the copy of the file as it was found. tables: what was kept of each table, where the file was built anew.
        done: what else was mended, in words. report: of the check afterwards.
    """

    aside: Path
    tables: tuple[Kept, ...]
    done: tuple[str, ...]
    report: Report


def repair(path: Path) -> Repaired | None:
    """Repair a ledger; None where there is nothing to mend.

    Raises:
        ConfigError: another process works with it. LedgerError: nothing can be recovered, or it cannot be written; the file
            is as it was, or has its copy aside.
    """
    if not path.is_file():
        raise LedgerError(f"There is no ledger {path}.")
    with _held(path):
        try:
            report = check(path, held=True)
        except NewerLedger:
            raise
        except LedgerError:
            report = None  # not even readable
        if report is not None and report.sound:
            return None
        with explained("keep a copy", path):
            aside = _copied_aside(path)
        tables: list[Kept] = []
        if report is None or report.damaged:
            with explained("recover what can be read", path):
                tables = _rebuilt(path)
        done = _mended(path)
        return Repaired(aside, tuple(tables), tuple(done), check(path, held=True))


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep others away from a run; a ledger of no run is refused while somebody has it open."""
    if path.name == LEDGER and path.with_name(LOCK).is_file():
        lock = lock_folder(path.parent)
        try:
            yield
        finally:
            os.close(lock)
        return
    if used_elsewhere(path):
        raise ConfigError(f"Another process has the ledger {path} open. Wait for it, or stop it.")
    yield


def _copied_aside(path: Path) -> Path:
    """Copy the file and its write-ahead log, as they are, to the first free ``NAME.damaged-N``."""
    aside = next(
        free for number in range(1, 1_000_000) if not (free := path.with_name(f"{path.name}.damaged-{number}")).exists()
    )
    for end in ("-wal", ""):  # the file last: where it is, the copy is whole
        if path.with_name(path.name + end).exists():
            _copy(path.with_name(path.name + end), aside.with_name(aside.name + end))
    return aside


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, whole_file(target) as new:
        shutil.copyfileobj(old, new)


def _rebuilt(path: Path) -> list[Kept]:
    """Replace the file by one with every row that can be read, with its log or, where more can be read so, without it."""
    with tempfile.TemporaryDirectory(prefix="fastheur-ledger-") as folder:
        tries: list[tuple[int, Path, list[Kept]]] = []
        problem = "nothing in it can be read."
        for log in (True, False):
            target = Path(folder) / ("with" if log else "without")
            with private_copy(path, log=log) as copy:
                try:
                    tables = salvage(copy, target)
                except LedgerError as error:
                    problem = str(error)
                else:
                    tries.append((sum(table.kept for table in tables), target, tables))
        if not tries:
            raise LedgerError(f"Cannot repair {path}: {problem} A copy of it is kept beside it.")
        _, built, tables = max(tries, key=lambda one: one[0])
        draft = path.with_name(path.name + ".repaired")
        _copy(built, draft)
        for end in SIDE_FILES:  # first, for they belong to the old file; their copy is aside
            path.with_name(path.name + end).unlink(missing_ok=True)
        draft.replace(path)
    return tables


def _mended(path: Path) -> list[str]:
    """Give lost rows their stand-ins, and settle what was cut off."""
    Ledger(path).__exit__()  # takes an older one to today's tables
    with explained("mend the books", path):
        with contextlib.closing(connect(path)) as db:
            run = is_run(db)
        done = adopt(path, run)
    if not run:
        return done
    with RunLedger(path) as ledger:
        return done + _settled(ledger, StepMeter(path.with_name(METER)))


def _settled(ledger: RunLedger, meter: StepMeter) -> list[str]:
    count = len(ledger.open_reservations())
    settle_open(ledger, meter)
    ledger.interrupt_open()
    return [f"{count} open reservations settled with what the step meter says"] if count else []
