"""What a run's ledger says as people read it: what was forgotten, and what stood between its policies and the machine."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastheur.forgetting import Matrix, Version
from fastheur.run_ledger import RunLedger


def forgotten(ledger: RunLedger) -> Matrix:
    """Return which version lost and regained which golden case."""
    versions = tuple(
        Version(one.version, one.hypothesis, one.parent, one.reign is not None) for one in ledger.versions()
    )
    return Matrix(versions, tuple(ledger.golden()), ledger.outcomes())


def unseen(status: str) -> tuple[str, ...]:
    """Return the splits whose scores nobody may see yet, as a run that is not confirmed can go on: one could tune to them."""
    return {"open": ("validation", "sealed"), "over": ("sealed",)}.get(status, ())


def walls(trials: Iterable[Mapping[str, Any]]) -> str:
    """Return what stood between policies and the machine, as a run's trials are stamped."""
    stamps = {(one["isolation"], one["landlock"], one["seccomp"]) for one in trials}
    return " and ".join(
        f"isolation={level}" + (f" (Landlock ABI {landlock}, filter {seccomp[:12]})" if seccomp else "")
        for level, landlock, seccomp in sorted(stamps, key=str)
    )
