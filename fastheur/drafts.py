"""Files that are whole or as they were: written under another name, put on the disk, then renamed."""

import os
from contextlib import suppress
from pathlib import Path

DRAFT = ".part"
"""Behind the name of a file that is being written."""


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by one with ``data``; where that fails, what was there before stays and no draft is left.

    Raises:
        OSError: it cannot be written, for instance since the disk is full.
    """
    draft = path.with_name(path.name + DRAFT)
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
