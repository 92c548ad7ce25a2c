"""The plain files of a run folder: champion, memory and golden cases, for people and for whatever reads files."""

from pathlib import Path

from fastheur import memory, regress
from fastheur.runs import Run

CHAMPION, MEMORY, GOLDEN = "champion.py", "memory.md", "golden.json"


def write_files(run: Run) -> None:
    """Write the files that have changed; the ledger stays the one truth."""
    champion = run.ledger.champion
    if champion:
        _write(run.folder / CHAMPION, champion.source)
    _write(run.folder / MEMORY, memory.as_markdown(run.ledger.memory()))
    _write(run.folder / GOLDEN, regress.to_json(run.ledger.golden()))


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_name(path.name + ".part")
    draft.write_text(text)
    draft.replace(path)
