"""Plays shipped champions again: same scores and same actions as their records say, or a word on what differs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastheur.evaluation import evaluate
from fastheur.loading import policy_from_source
from fastheur.suite.record import Best, Read, RunRecord


@dataclass(frozen=True)
class Check:
    """One champion played again: what it was, its frames now, and what differs (empty: nothing)."""

    what: str
    env_steps: int
    differs: str


def verify(record: RunRecord, folder: Path, ledger: Path) -> list[Check]:
    """Play the last reference champion and the champion of every checkpoint again; the steps are written to ``ledger``.

    Raises:
        FastheurError: a policy cannot be played at all.
    """
    policy = folder / f"{record.obs_mode}.py"
    texts = {**record.sources, _hash(policy.read_text()): policy.read_text()}
    reads = {one.sha256: one for one in record.reads if one.version is not None}  # unchanged champions once
    checks = [_sealed(record, one, texts, ledger) for one in reads.values()]
    return [*(_reference(record, one, texts, ledger) for one in record.best[-1:]), *checks]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _reference(record: RunRecord, best: Best, texts: dict[str, str], ledger: Path) -> Check:
    what = f"{best.version} under {record.reference_protocol}"
    if best.sha256 not in texts:
        return Check(what, 0, "its text is not shipped")
    card = evaluate(
        policy_from_source(texts[best.sha256], f"{best.version}.py"), record.task, obs=record.obs_mode, params=best.params,
        protocol=record.reference_protocol, episodes=1, ledger=ledger, notes="suite verify",
    )  # fmt: skip
    episode = card.episodes[0]
    return Check(
        what, card.cost.env_steps, _difference([best.score], [best.action_hash], [episode.ret], [episode.action_hash])
    )


def _sealed(record: RunRecord, read: Read, texts: dict[str, str], ledger: Path) -> Check:
    what = f"{read.version} of {read.env_steps:,} frames, sealed"
    if read.sha256 not in texts:
        return Check(what, 0, "its text is not shipped, or the file was changed")
    card = evaluate(
        policy_from_source(texts[read.sha256], f"{read.version}.py"), record.task, obs=record.obs_mode, split="sealed",
        protocol=record.protocol, max_steps=record.max_steps, episodes=len(read.returns), secret=record.secret, ledger=ledger,
        notes="suite verify",
    )  # fmt: skip
    now = [episode.action_hash for episode in card.episodes]
    return Check(what, card.cost.env_steps, _difference(read.returns, read.action_hashes, card.returns.tolist(), now))


def _difference(
    scores: Sequence[float], hashes: Sequence[str], now_scores: Sequence[float], now_hashes: Sequence[str]
) -> str:
    recorded, found = zip(scores, hashes, strict=True), zip(now_scores, now_hashes, strict=True)
    wrong = [index for index, (then, now) in enumerate(zip(recorded, found, strict=True)) if then != now]
    return f"episodes {wrong[:5]} differ" if wrong else ""
