"""A suite: which games, how many frames, read when and how."""

from dataclasses import dataclass
from typing import Any

import yaml

from fastheur.errors import ConfigError, nearest
from fastheur.resources import CONF
from fastheur.tasks import atari_table, environments


@dataclass(frozen=True)
class Suite:
    """A suite of ``conf/suite``.

    Attributes:
        name: of its file. games: task names by environment id, in order. budget: frames per game.
        checkpoints: frames at which the champion of that moment is kept, rising; the last is the budget's.
        episodes, checkpoint_episodes: sealed episodes of the last checkpoint, and of the earlier ones.
        protocol, reference_protocol: of our terms, and of the reference's. max_steps: cap of an episode, in frames.
    """

    name: str
    games: dict[str, str]
    budget: int
    checkpoints: tuple[int, ...]
    episodes: int
    checkpoint_episodes: int
    protocol: str
    reference_protocol: str
    max_steps: int


def find_suite(name: str) -> Suite:
    """Return a suite by its name.

    Raises:
        ConfigError: there is no such suite.
    """
    known = {path.stem: path for path in (CONF / "suite").glob("*.yaml")}
    if name not in known:
        raise ConfigError(
            f"There is no suite {name!r}, expected one of {', '.join(sorted(known))}.{nearest(name, known)}"
        )
    entry: dict[str, Any] = yaml.safe_load(known[name].read_text())
    kind, table = entry.pop("suite"), atari_table()
    games = {one.env_id: task for task, one in environments().items() if one.suite == kind and one.env_id in table}
    return Suite(name=name, games=games, **{**entry, "checkpoints": tuple(entry["checkpoints"])})
