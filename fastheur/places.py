"""Chooses where policies run: in this process, or isolated."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

from fastheur.contract import Declaration
from fastheur.errors import ConfigError
from fastheur.host import Candidate, Host
from fastheur.in_process import InProcess
from fastheur.isolated import Isolated
from fastheur.limits import Limits
from fastheur.spec import Spec

LEVELS = ("strict", "process", "none")
"""``strict``: a process of its own without files, network or other processes; ``process``: a process of its own, where
crashes and hangs stay; ``none``: this process, for code you trust. A policy plays the same at every level."""


class Place(Protocol):
    """Where policies are loaded and played, at one isolation level."""

    level: str

    @property
    def stamp(self) -> dict[str, Any]:
        """``landlock``, the ABI, and ``seccomp``, the hash of the filter; None where there is none."""

    def begin(self) -> None:
        """Start in the background what the first policy will wait for."""

    def load(self, source: str, name: str) -> Declaration:
        """Return what a policy declares, after it was checked and run where it will play."""

    def host(self, candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool = False) -> Host:
        """Return the host for ``candidates``, in the order in which :meth:`Host.reset` counts them."""

    def close(self) -> None:
        """End what was started."""


_PLACES: dict[tuple[str, Limits], Place] = {}


def find_place(level: str, limits: Limits | None = None) -> Place:
    """Return this process's place at a level of :data:`LEVELS`; its processes are kept for the next evaluation.

    Raises:
        ConfigError: there is no such level.
    """
    if level not in LEVELS:
        raise ConfigError(f"isolation is {level!r}, expected one of {', '.join(LEVELS)}.")
    key = (level, limits or Limits())
    if key not in _PLACES:
        _PLACES[key] = InProcess() if level == "none" else Isolated(level, key[1])
    return _PLACES[key]


def rest() -> None:
    """Halt what waits for its next evaluation in this process; none may be going on."""
    for place in _PLACES.values():
        if isinstance(place, Isolated):
            place.rest()


def _forget_all() -> None:
    for place in _PLACES.values():
        if isinstance(place, Isolated):
            place.forget()


os.register_at_fork(after_in_child=_forget_all)
