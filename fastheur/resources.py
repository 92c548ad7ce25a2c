"""Where the package's own files lie: configuration, shipped policies and reference data.

In a wheel ``conf/`` and ``policies/`` are folders of the package; in a clone they stand beside it.
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


CONF = _folder("conf")
POLICIES = _folder("policies")
DATA = _PACKAGE / "data"


def cache_folder() -> Path:
    """Return the user's cache folder for fastheur (``XDG_CACHE_HOME`` or ``~/.cache``); it may not exist yet."""
    named = Path(os.environ.get("XDG_CACHE_HOME") or ".")
    base = named if named.is_absolute() else Path("~/.cache").expanduser()  # the standard has relative paths ignored
    return base / "fastheur"
