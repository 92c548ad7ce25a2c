"""The importer of EnvPool, which loads a family of tasks when one of its tasks is asked for, and not all at once.

``import envpool`` alone loads all seventeen families, 1.5 s of CPU, with matplotlib for one of them. Whoever else looks at
EnvPool's registry in this process, finds it complete all the same: what is not there yet is loaded then.
"""

import importlib
import sys
import threading
from collections import UserDict
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_ALL = "envpool.entry"
"""The module that imports every family, and does nothing else."""

_FIRST = ("classic_control", "atari", "mujoco.gym", "vizdoom")
"""Families that are looked through first."""


class _Tasks(UserDict[str, Any]):
    """EnvPool's tasks by id; families are loaded one after another for as long as a key is missing."""

    def __init__(self) -> None:
        super().__init__()
        self._left = [*(f"envpool.{family}.registration" for family in _FIRST), _ALL]
        self._lock = threading.RLock()
        self._loading = False

    def _load(self, key: object = None) -> None:
        """Load families until ``key`` is there, or all."""
        with self._lock:
            if self._loading:  # a family that registers its tasks asks whether they are there
                return
            self._loading = True
            try:
                while self._left and key not in self.data:
                    importlib.import_module(self._left[0])
                    del self._left[0]
            finally:
                self._loading = False

    def __contains__(self, key: object) -> bool:
        if key not in self.data:
            self._load(key)
        return key in self.data

    def __missing__(self, key: str) -> Any:
        self._load(key)
        return self.data[key]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self.data)

    def __len__(self) -> int:
        self._load()
        return len(self.data)


def _imported() -> Any:
    """Return EnvPool, as it is where somebody has imported it before."""
    if "envpool" in sys.modules:
        return sys.modules["envpool"]
    sys.modules[_ALL] = ModuleType(_ALL)
    try:
        import envpool
    finally:
        del sys.modules[_ALL]
    registry = envpool.registration.registry
    registry.specs = _Tasks()
    return envpool


envpool = _imported()
