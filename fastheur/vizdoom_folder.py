"""Contains what VizDoom writes into the working directory (``_vizdoom.ini``, ``_vizdoom/``) in a scratch folder.

The folder is made beforehand because instances that start together race to make it, and one that loses hangs.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache


@cache
def _scratch() -> str:
    folder = tempfile.mkdtemp(prefix="fastheur-vizdoom-")
    os.mkdir(os.path.join(folder, "_vizdoom"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def vizdoom_folder() -> Iterator[str]:
    """Work in the process's scratch folder for the length of the block, and yield its path."""
    before = os.getcwd()
    os.chdir(_scratch())
    try:
        yield _scratch()
    finally:
        os.chdir(before)
