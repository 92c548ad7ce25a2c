"""fastheur: judge programmatic policies fast and honestly, in batches, on EnvPool."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fastheur.evaluation import evaluate, evaluate_many
    from fastheur.loading import Policy, load_policy
    from fastheur.racing import race
    from fastheur.replays import replay
    from fastheur.run_tables import load
    from fastheur.runner import learn
    from fastheur.score import Scorecard
    from fastheur.tasks import environments as tasks

_WHERE = {
    "evaluate": ("fastheur.evaluation", "evaluate"),
    "evaluate_many": ("fastheur.evaluation", "evaluate_many"),
    "learn": ("fastheur.runner", "learn"),
    "load": ("fastheur.run_tables", "load"),
    "load_policy": ("fastheur.loading", "load_policy"),
    "race": ("fastheur.racing", "race"),
    "replay": ("fastheur.replays", "replay"),
    "Policy": ("fastheur.loading", "Policy"),
    "Scorecard": ("fastheur.score", "Scorecard"),
    "tasks": ("fastheur.tasks", "environments"),
}

__all__ = [
    "Policy", "Scorecard", "__version__", "evaluate", "evaluate_many", "learn", "load", "load_policy", "race", "replay", "tasks",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # `import fastheur` stays instant: EnvPool and Numba are imported when something first needs them.
    if name not in _WHERE:
        raise AttributeError(f"module 'fastheur' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value
