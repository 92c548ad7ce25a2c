"""Fresh EnvPool pools built ahead, for the evaluation that is most likely to come next: the last one again.

A fresh pool is built for its seeds, and an agent that edits a policy plays the same episodes over and over. So the
resident process, once a call is answered, builds the pools of that call anew: while the agent thinks, not while it waits.
Nothing is built ahead during an evaluation: EnvPool's constructor holds Python's global lock from beginning to end (a
thread that counted milliseconds beside the building of 32 Atari environments was stopped for 2.5 s of 2.6 s).
"""

from collections.abc import Callable, Hashable
from typing import Any

from fastheur.resident import idle_work

MOST = 64
"""Environments that are kept ready; those of the last evaluation that go beyond are built when they are asked for. Building 64 of
Atari takes about 3 s, and a call that comes meanwhile has to wait."""

_ready: dict[Hashable, Any] = {}
_used: dict[Hashable, tuple[int, Callable[[], Any]]] = {}


def take(key: Hashable, environments: int, build: Callable[[], Any]) -> Any:
    """Return the pool ``key``: the one on the shelf, or one that ``build`` makes now.

    Args:
        key: everything that makes two pools the same, seeds included. environments: how many it holds.
        build: makes it; called again later to put the next one on the shelf.
    """
    if key in _used or sum(size for size, _ in _used.values()) < MOST:  # where nobody restocks it must not grow
        _used[key] = (environments, build)
    pool = _ready.pop(key, None)
    return build() if pool is None else pool


def restock() -> None:
    """Build the pools that were used since the last call, as far as they are not ready; forget all others."""
    wanted = dict(_used)
    _used.clear()
    if not wanted:
        return
    for key in [key for key in _ready if key not in wanted]:
        del _ready[key]
    room = MOST
    for key, (environments, build) in wanted.items():
        room -= environments
        if room >= 0 and key not in _ready:
            _ready[key] = build()


idle_work.append(restock)
