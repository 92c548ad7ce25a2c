"""The plain files of a run folder: champion, memory and golden cases, for people and for whatever reads files."""

from pathlib import Path

from fastheur import memory, regress
from fastheur.drafts import write_whole
from fastheur.errors import LedgerError
from fastheur.runs import Run

CHAMPION, MEMORY, GOLDEN = "champion.py", "memory.md", "golden.json"


def write_files(run: Run) -> None:
    """Write the files that have changed; the ledger stays the one truth.

    Raises:
        LedgerError: the folder cannot be written.
    """
    champion = run.ledger.champion
    if champion:
        _write(run.folder / CHAMPION, champion.source)
    _write(run.folder / MEMORY, memory.as_markdown(run.ledger.memory()))
    _write(run.folder / GOLDEN, regress.to_json(run.ledger.golden()))


def _write(path: Path, text: str) -> None:
    data = text.encode()
    try:
        if path.exists() and path.read_bytes() == data:
            return
        write_whole(path, data)
    except OSError as error:
        raise LedgerError(f"Cannot write {path}: {error.strerror or error}. The ledger has it all the same.") from error
