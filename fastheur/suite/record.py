"""What a run came to, as one small file beside its policy: enough for every figure of a suite, and to check each of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fastheur.drafts import write_whole
from fastheur.errors import ConfigError

RECORD = "run.json"
FORMAT = 1


@dataclass(frozen=True)
class Best:
    """The best score so far under the reference's protocol, from ``env_steps`` on.

    Attributes:
        env_steps: charged to the run when it was found, everything included. version: of the run, by ``sha256`` of its text.
        params: values of its parameters. action_hash: of the episode.
    """

    env_steps: int
    score: float
    version: str
    sha256: str
    params: Mapping[str, float]
    action_hash: str


@dataclass(frozen=True)
class Read:
    """Sealed episodes of who was champion at ``env_steps``; ``version`` is None and the rest empty where nobody was yet."""

    env_steps: int
    version: str | None
    sha256: str = ""
    returns: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    action_hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        task, env_id, obs_mode: what was learnt on. protocol, reference_protocol: labels of the two terms. max_steps: cap of ours.
        budget, env_steps, by_role: frames allowed, charged, and charged per role. sealed_steps, sealed_wall_s: of the sealed
            reads, and the seconds that stepping took.
        trials, versions: how many. wall_s, tokens: unknown is None. began: as in ISO 8601. commitment, secret: of the sealed seeds.
        best: rising. reads: by checkpoint. sources: policy texts by hash, of whom the files beside do not hold.
    """

    task: str
    env_id: str
    obs_mode: str
    protocol: str
    reference_protocol: str
    max_steps: int | None
    budget: int
    env_steps: int
    by_role: Mapping[str, int]
    sealed_steps: int
    trials: int
    versions: int
    wall_s: float | None
    tokens: int | None
    began: str
    commitment: str
    secret: str
    best: tuple[Best, ...]
    reads: tuple[Read, ...]
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealed_wall_s: float | None = None

    def write(self, folder: Path) -> None:
        """Write the record into ``folder``."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1)
        write_whole(folder / RECORD, (text + "\n").encode())

    def best_at(self, env_steps: int) -> Best | None:
        """Return the best so far when so many frames were charged, or None before there was one."""
        found = [one for one in self.best if one.env_steps <= env_steps]
        return found[-1] if found else None

    def read_at(self, env_steps: int) -> Read | None:
        """Return the sealed read of a checkpoint, or None where it was not made."""
        return next((one for one in self.reads if one.env_steps == env_steps), None)


def read_record(folder: Path) -> RunRecord | None:
    """Return the record in ``folder``, or None where there is none.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text())
        if values.pop("format") != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        values["best"] = tuple(Best(**one) for one in values["best"])
        values["reads"] = tuple(
            Read(**{**one, **{name: tuple(one[name]) for name in ("returns", "lengths", "action_hashes")}})
            for one in values["reads"]
        )
        return RunRecord(**values)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is no record of a run: {error}. Ship the run again, or delete the file.") from error
