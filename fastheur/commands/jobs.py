"""What the jobs of a sweep have in common: one that fails says so, leaves its reason in its folder, and ends no other."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastheur.errors import FastheurError


@contextmanager
def contained(folder: Path, label: str) -> Iterator[None]:
    """Keep a job's failure to itself: ``error.txt`` in ``folder``, which is made, and a line that starts with ``label``."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except FastheurError as error:
        (folder / "error.txt").write_text(str(error))
        _say(label, str(error))
    except Exception as error:
        (folder / "error.txt").write_text(traceback.format_exc())
        _say(label, f"internal error: {type(error).__name__}: {error}. The trace is in {folder / 'error.txt'}")


def _say(label: str, text: str) -> None:
    print(f"{label} fastheur: {text}", file=sys.stderr, flush=True)
