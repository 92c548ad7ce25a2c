"""Opens ledgers for a report, also where nothing can be written beside them: an archive, somebody else's run."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from fastheur.database import Connection, connect, explained, snapshot
from fastheur.run_folder import LEDGER
from fastheur.runs import Run


@contextmanager
def opened_run(folder: Path) -> Iterator[Run]:
    """Open a run; a copy of its ledger, as it is at this moment, where its folder cannot be written.

    Raises:
        ConfigError: it never began. LedgerError: its ledger cannot be read.
    """
    if _writable(folder / LEDGER):
        with closing(Run.open(folder)) as run:
            yield run
        return
    with tempfile.TemporaryDirectory(prefix="fastheur-report-") as name:
        copy = Path(name) / LEDGER
        with (
            explained("read", folder / LEDGER),
            closing(snapshot(folder / LEDGER)) as db,
            closing(connect(copy)) as target,
        ):
            db.backup(target)
        with closing(Run.open(Path(name))) as run:
            yield replace(run, folder=folder)


def reader(ledger: Path) -> Connection:
    """Open a ledger to look into it; it is not changed.

    Raises:
        DatabaseError: it cannot be read.
    """
    return connect(ledger, read_only=True) if _writable(ledger) else snapshot(ledger)


def _writable(ledger: Path) -> bool:
    """Say whether SQLite may write to a ledger, and its side files beside it."""
    return os.access(ledger, os.W_OK) and os.access(ledger.parent, os.W_OK)
