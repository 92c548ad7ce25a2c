"""Finds the policies that are to be played: shipped ones by task, files by name, and a candidate per row of parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastheur.contract import Declaration
from fastheur.errors import ConfigError, nearest
from fastheur.host import Candidate
from fastheur.loading import Policy, read_policy
from fastheur.places import Place, find_place
from fastheur.policy import Number
from fastheur.resources import POLICIES
from fastheur.tasks import Environment, Task

ROWS = ("gait", "plan")
"""Shipped policies that are not called by their mode: one without a model of the simulator, and one that plans with it."""


def shipped_policies(environment: Environment) -> dict[str, Path]:
    """Return the shipped policies of a task by name: ``policies/<suite>/<task>/<name>.py``."""
    folder = POLICIES / environment.name if "/" in environment.name else POLICIES / "envpool" / environment.env_id
    return {path.stem: path for path in sorted(folder.glob("*.py"))}


def find_policy(task: Task) -> Path:
    """Return the shipped policy that plays a task where none is named: ``<mode>.py``, else ``gait.py``, else ``plan.py``.

    Raises:
        ConfigError: there is none; the message names the random policy and `fastheur new`.
    """
    there = shipped_policies(task.environment)
    path = next((there[name] for name in (task.mode, *ROWS) if name in there), None)
    if path is not None:
        return path
    others = f" (shipped: {', '.join(there)})" if there else ""
    raise ConfigError(
        f"No shipped policy plays {task.name} with obs={task.mode}{others}. Give one with policy=FILE (policy=random plays any "
        f"task), or start one: fastheur new NAME env={task.name}"
    )


def policy_file(policy: str | Path, task: Task) -> Path | None:
    """Return the file that is meant; None where there is none.

    Args:
        policy: a path, the bare name of one of the task's shipped policies (``plan``), or that of any other shipped one, as
            its path below ``policies/`` without the ending.
    """
    mine = shipped_policies(task.environment).get(str(policy))
    places = (Path(policy), mine, POLICIES / f"{policy}.py")
    return next((path for path in places if path is not None and path.is_file()), None)


def resolve_policy(policy: str | Path | Policy | None, task: Task, place: Place | None = None) -> Declaration:
    """Return the policy for a task: loaded already, a file, the name of a shipped one (see :func:`policy_file`), or None for
    the task's own (see :func:`find_policy`).

    ``place`` is where it will play, and nowhere else is it run; None: in this process.
    """
    place = place or find_place("none")
    if isinstance(policy, Policy):
        return policy if place.level == "none" else place.load(policy.source, policy.name)
    if policy is None:
        return _loaded(find_policy(task), place)
    if not isinstance(policy, (str, Path)):
        raise ConfigError(f"policy is {policy!r}, expected a file name, or the name of a shipped policy.")
    path = policy_file(policy, task)
    if path is None:
        there = shipped_policies(task.environment)
        mine = f"{task.name} has policy={', policy='.join(there)}. " if there else ""
        raise ConfigError(
            f"There is no policy file {str(policy)!r}.{nearest(str(policy), there)} {mine}`fastheur list` shows all shipped ones; "
            "policy=random plays any task."
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
