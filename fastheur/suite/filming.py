"""A short film per game for the suite's page: the champion's median sealed episode, played again and checked."""

import tempfile
from pathlib import Path

import numpy as np

from fastheur.errors import ConfigError
from fastheur.evaluation import evaluate
from fastheur.loading import policy_from_source
from fastheur.replays import replay
from fastheur.suite.record import Read, RunRecord

LENGTH = 1_800
"""Frames of a film: 30 seconds."""


def film_of(record: RunRecord, out: Path) -> Path | None:
    """Return where the film of a record's last champion is or would be, or None where there was no champion.

    Films lie in a folder beside that of the page (``out``), which takes them over. The name holds the champion's hash, so the film
    of another one is not taken for its own.
    """
    read = _last(record)
    game = record.task.rpartition("/")[2]
    return None if read is None else out.with_name(f"{out.name}-films") / f"{game}-{read.sha256[:10]}.mp4"


def film(record: RunRecord, policy: Path, ledger: Path, out: Path) -> int:
    """Make the film and return the env steps that were taken, none of them the run's.

    Raises:
        FastheurError: the policy cannot be played, or does not play as its record says.
    """
    read, path = _last(record), film_of(record, out)
    if read is None or path is None:
        return 0
    median = int(np.argsort(read.returns, kind="stable")[len(read.returns) // 2])
    card = evaluate(
        policy_from_source(policy.read_text(), policy.name), record.task, obs=record.obs_mode, split="sealed", protocol=record.protocol,
        max_steps=record.max_steps, first=median, episodes=1, secret=record.secret, ledger=ledger, notes="suite film",
    )  # fmt: skip
    if card.episodes[0].action_hash != read.action_hashes[median]:
        raise ConfigError(
            f"{record.task}: sealed episode {median} was played with other actions than its record says; `fastheur suite NAME "
            "verify=true` tells which episodes differ."
        )
    with tempfile.TemporaryDirectory() as folder:
        made = replay(ledger, trial=card.trial, episode=median, out=folder, sheet=False, trace=None, to_step=LENGTH)
        assert made.video is not None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.video.read_bytes())
    return card.cost.env_steps + int(made.facts["env_steps"])


def _last(record: RunRecord) -> Read | None:
    return next((read for read in reversed(record.reads) if read.returns), None)
