"""Repairs a ledger and destroys nothing: copies it aside, recovers what can be read, settles what was cut off."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastheur.database import DatabaseError, connect, explained
from fastheur.drafts import DRAFT
from fastheur.errors import ConfigError, LedgerError
from fastheur.ledger import Ledger
from fastheur.ledger_adoption import adopt
from fastheur.ledger_check import Report, check, is_run, private_copy, used_elsewhere
from fastheur.ledger_salvage import Kept, salvage
from fastheur.meter import StepMeter
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
        source, draft = path.with_name(path.name + end), path.with_name(aside.name + end + DRAFT)
        if source.exists():
            shutil.copyfile(source, draft)
            draft.replace(path.with_name(aside.name + end))
    return aside


def _rebuilt(path: Path) -> list[Kept]:
    """Replace the file by one with every row that can be read, from the log or, where that reads better, without it."""
    best: list[Kept] | None = None
    draft = path.with_name(path.name + ".repaired" + DRAFT)
    try:
        for log in (True, False):
            with private_copy(path, log=log) as copy:
                target = copy.with_name("new.db")
                try:
                    tables = salvage(copy, target)
                except DatabaseError:
                    continue
                except LedgerError as error:
                    if best is None and not log:
                        raise LedgerError(f"Cannot repair {path}: {error} Its copy is kept beside it.") from error
                    continue
                if best is None or _rows(tables) > _rows(best):
                    best = tables
                    shutil.copyfile(target, draft)
        if best is None:
            raise LedgerError(f"Cannot repair {path}: nothing in it can be read. Its copy is kept beside it.")
        for end in ("-wal", "-shm"):  # first: they belong to the old file, and their copy is aside
            path.with_name(path.name + end).unlink(missing_ok=True)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return best


def _rows(tables: list[Kept]) -> int:
    return sum(table.kept for table in tables)


def _mended(path: Path) -> list[str]:
    """Give lost rows their stand-ins, and settle what was cut off."""
    with explained("mend the books", path):
        with contextlib.closing(connect(path)) as db:
            run = is_run(db)
        done = adopt(path, run)
    if not run:
        Ledger(path).__exit__()  # takes an older one to today's tables
        return done
    with RunLedger(path) as ledger:
        return done + _settled(ledger, StepMeter(path.with_name(METER)))


def _settled(ledger: RunLedger, meter: StepMeter) -> list[str]:
    count = len(ledger.open_reservations())
    settle_open(ledger, meter)
    ledger.interrupt_open()
    return [f"{count} open reservations settled with what the step meter says"] if count else []
