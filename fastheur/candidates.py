"""Finds the policies that are to be played: shipped ones by task, files by name, and a candidate per row of parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastheur.contract import Declaration
from fastheur.errors import ConfigError
from fastheur.host import Candidate
from fastheur.loading import Policy, read_policy
from fastheur.places import Place, find_place
from fastheur.policy import Number
from fastheur.resources import POLICIES
from fastheur.tasks import Task


def find_policy(task: Task) -> Path:
    """Return the shipped policy of a task and mode: ``policies/<suite>/<task>/<mode>.py``.

    Raises:
        ConfigError: there is none; the message names the random policy and `fastheur new`.
    """
    environment = task.environment
    folder = POLICIES / environment.name if "/" in environment.name else POLICIES / "envpool" / environment.env_id
    path = folder / f"{task.mode}.py"
    if path.exists():
        return path
    raise ConfigError(
        f"No shipped policy plays {task.name} with obs={task.mode}. Give one with policy=FILE (policy=random plays any "
        f"task), or start one: fastheur new NAME env={task.name}"
    )


def resolve_policy(policy: str | Path | Policy | None, task: Task, place: Place | None = None) -> Declaration:
    """Return the policy for a task: loaded already, a file, the name of a shipped one, or None for the task's own.

    ``place`` is where it will play, and nowhere else is it run; None: in this process.
    """
    place = place or find_place("none")
    if isinstance(policy, Policy):
        return policy if place.level == "none" else place.load(policy.source, policy.name)
    if policy is None:
        return _loaded(find_policy(task), place)
    if not isinstance(policy, (str, Path)):
        raise ConfigError(f"policy is {policy!r}, expected a file name, or the name of a shipped policy.")
    path = Path(policy)
    shipped = POLICIES / f"{policy}.py"
    if not path.exists() and path.suffix != ".py" and shipped.exists():
        path = shipped
    if not path.is_file():
        raise ConfigError(
            f"There is no policy file {str(policy)!r}. `fastheur list` shows the shipped ones; policy=random plays any task."
        )
    return _loaded(path, place)


def _loaded(path: Path, place: Place) -> Declaration:
    return place.load(read_policy(path), str(path))


def make_candidates(
    policy: Any, task: Task, params: Sequence[Mapping[str, Number]], place: Place | None = None
) -> list[Candidate]:
    """Return one candidate per row of ``params``; ``policy`` as in :func:`evaluate_many`, ``place`` as in
    :func:`resolve_policy`."""
    if not params:
        raise ConfigError("No candidate was given: `params` is empty, expected one mapping per candidate.")
    if isinstance(policy, Sequence) and not isinstance(policy, str):
        if len(policy) != len(params):
            raise ConfigError(
                f"{len(policy)} policies came with {len(params)} rows of params, expected as many of each."
            )
        policies = [resolve_policy(one, task, place) for one in policy]
    else:
        policies = [resolve_policy(policy, task, place)] * len(params)
    return [Candidate(one, one.values(row)) for one, row in zip(policies, params, strict=True)]
