"""Chooses the engine that plays a task."""

from fastheur.engine import Engine, default_threads
from fastheur.engine_ale import AleEngine, why_not
from fastheur.errors import ConfigError
from fastheur.tasks import Protocol, Task

ENGINES = ("auto", "envpool", "ale")
"""``envpool`` plays every task; ``ale`` (worker processes around ale-py) plays Atari frame by frame; ``auto`` picks."""

THREADS_PER_CORE = 64
"""More threads, or worker processes, than that are a slip of the keyboard that would take the machine down."""


def make_engine(name: str, task: Task, protocol: Protocol, threads: int = 0, *, pictures: bool = False) -> Engine:
    """Return the engine ``name`` of :data:`ENGINES` for a task.

    Args:
        threads: 0 for one per core (VizDoom: four per core).
        pictures: the engine can show the game, see :meth:`fastheur.engine.Engine.picture`; that is never ``ale``, and which
            engine plays is no part of a result.

    Raises:
        ConfigError: there is no such engine, it cannot play this task, or it refuses the task's arguments.
    """
    if name not in ENGINES:
        raise ConfigError(f"engine is {name!r}, expected one of {', '.join(ENGINES)}.")
    if pictures:
        reason: str | None = "it gives no pictures"
    else:
        reason = None if name == "envpool" else why_not(task, protocol)
    if name == "ale" and reason:
        raise ConfigError(f"engine=ale cannot play {task.name}: {reason}. Use engine=envpool, or leave engine away.")
    most = THREADS_PER_CORE * default_threads("atari")
    if threads > most:
        raise ConfigError(
            f"threads is {threads}, expected at most {most} on this machine: {THREADS_PER_CORE} per core."
        )
    threads = threads or default_threads(task.suite)
    if name == "envpool" or reason:
        from fastheur.engine_envpool import EnvPoolEngine  # takes a second, which engine=ale does not pay

        return EnvPoolEngine(task, protocol, threads, pictures=pictures)
    return AleEngine(task, protocol, threads)


def step_cap(task: Task, protocol: Protocol) -> int | None:
    """Return the env steps after which an episode is over, or None where nothing says so."""
    args = protocol.envpool_args(task)
    if "max_episode_steps" in args:
        return int(args["max_episode_steps"])
    from fastheur.envpool_tasks import step_cap as own_cap

    return own_cap(task, protocol)
