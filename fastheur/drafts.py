"""Files that are whole or as they were: written under another name, put on the disk, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

DRAFT = ".part"
"""Behind the name of a file that is being written."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` when the block ends; where it fails, what was there before stays.

    Raises:
        OSError: it cannot be written, for instance since the disk is full; no draft is left.
    """
    draft = path.with_name(path.name + DRAFT)
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file by one with ``data``; see :func:`whole_file`."""
    with whole_file(path) as file:
        file.write(data)
