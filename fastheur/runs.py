"""A run: its settings, and its open folder."""

import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fastheur.budget import Budget
from fastheur.errors import ConfigError, whole
from fastheur.gate import Gate
from fastheur.limits import Limits
from fastheur.places import LEVELS
from fastheur.run_folder import LEDGER, LOG, METER, find_run, lock_folder
from fastheur.run_ledger import RunLedger
from fastheur.seeds import commitment, draw_secret
from fastheur.tasks import Environment, Protocol, Task, environment_from, find_protocol, protocol_from

_GOLDEN_RUNS = 10
"""So many golden episodes the golden share can pay for, where nothing else is said of their length."""
_SHORTEST = 100
"""Env steps that a golden case is given at least: shorter ones show nothing."""


@dataclass(frozen=True)
class RunConfig:
    """All settings of a run; kept in its ledger, so that it can be resumed with nothing but its folder.

    Attributes:
        environment, mode, protocol: what is learnt on. agent: the agent's settings, its ``name`` among them.
        start, start_name: source and file name of the policy to start from. budget: see :class:`Budget`.
        seed: of everything that is drawn, sealed seeds excepted.
        train_episodes: of a trial. validation_episodes: at most, for one promotion. error: chance at most that a candidate
            no better than the champion passes the gate.
        golden_share: share of the env steps that golden cases may take. golden_cases: taken from each new champion.
            golden_max_steps: their cap. confirm_episodes: sealed episodes of the final score. goal: stop when the champion reaches it.
        checkpoints, checkpoint_episodes: env steps at which the champion of that moment is kept in mind: once the run is over, it plays
            so many sealed episodes too, beside the final one.
        search_population, search_episodes, search_stall: parameter rows per batch, episodes of each, and the env steps
            without reward after which a row's episode is cut (None: never).
        slots, threads, engine: how it is stepped; no part of the result. trial_s, idle_s: see :class:`Deadlines`.
        isolation, limits: where policies run, and what they may take.
    """

    environment: Environment
    mode: str
    protocol: Protocol
    agent: Mapping[str, Any]
    start: str
    start_name: str
    budget: Budget
    seed: int = 0
    train_episodes: int = 8
    validation_episodes: int = 32
    error: float = 0.05
    golden_share: float = 0.1
    golden_cases: int = 2
    golden_max_steps: int | None = None
    confirm_episodes: int = 10
    checkpoints: tuple[int, ...] = ()
    checkpoint_episodes: int = 10
    goal: float | None = None
    search_population: int = 8
    search_episodes: int = 4
    search_stall: int | None = None
    slots: int = 32
    threads: int = 0
    engine: str = "auto"
    trial_s: float = 600.0
    idle_s: float = 30.0
    isolation: str = "strict"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in (
            "train_episodes", "validation_episodes", "confirm_episodes", "checkpoint_episodes", "search_population",
            "search_episodes", "slots",
        ):  # fmt: skip
            whole(name, getattr(self, name))
        for name in ("seed", "golden_cases", "threads"):
            whole(name, getattr(self, name), 0)
        for checkpoint in self.checkpoints:
            whole("checkpoints, an entry,", checkpoint)
        for name in ("golden_max_steps", "search_stall"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name))
        for name, low, high in (("error", 0, 1), ("golden_share", 0, 1), ("trial_s", 0, 1e9), ("idle_s", 0, 1e9)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low < value < high:
                raise ConfigError(f"{name} is {value!r}, expected a number between {low} and {high:g}.")
        Gate(False, self.validation_episodes, self.error)  # also where only a policy's own chance asks for it
        if self.goal is not None and (isinstance(self.goal, bool) or not isinstance(self.goal, (int, float))):
            raise ConfigError(f"goal is {self.goal!r}, expected a score, or null.")
        if self.isolation not in LEVELS:
            raise ConfigError(f"isolation is {self.isolation!r}, expected one of {', '.join(LEVELS)}.")

    @property
    def task(self) -> Task:
        """The task."""
        return Task(self.environment, self.mode)

    @property
    def deterministic(self) -> bool:
        """True where every seed gives the same episode."""
        return self.protocol.deterministic(self.task)

    @property
    def confirm_protocol(self) -> Protocol:
        """What the final score is taken on: where one episode is everything, the same task with chance in it."""
        if not self.deterministic:
            return self.protocol
        return find_protocol("robust", self.environment, max_steps=self.protocol.max_steps)

    def golden_protocol(self, cap: int | None) -> Protocol:
        """Return what golden cases are played on: as the final score, but not longer than the golden share can pay for.

        Args:
            cap: the task's own, in env steps; None where it has none.
        """
        own = self.confirm_protocol
        limit = own.envpool_args(self.task).get("max_episode_steps", cap)
        wanted = self.golden_max_steps or max(_SHORTEST, int(self.golden_share * self.budget.env_steps) // _GOLDEN_RUNS)
        return own if limit is not None and wanted >= limit else replace(own, max_steps=wanted)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {**asdict(self), "environment": environment_entry(self.environment), "protocol": asdict(self.protocol)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunConfig":
        """Return the settings that :meth:`to_dict` gave."""
        return cls(
            **{
                **values,
                "environment": environment_from(values["environment"]),
                "protocol": protocol_from(values["protocol"]),
                "budget": Budget(**values["budget"]),
                "checkpoints": tuple(values.get("checkpoints", ())),
                "limits": Limits(**values.get("limits", {})),
            }
        )


def environment_entry(environment: Environment) -> dict[str, Any]:
    """Return an environment as an entry of ``conf/env``."""
    entry = asdict(environment)
    return {**{key: value for key, value in entry.items() if key != "env_id"}, "id": environment.env_id}


@dataclass
class Run:
    """An open run folder. Its ledger may be read by anyone; only who holds its ``lock`` may write."""

    folder: Path
    ledger: RunLedger = field(repr=False)
    config: RunConfig
    lock: int = -1

    @classmethod
    def create(cls, folder: Path, config: RunConfig) -> "Run":
        """Make a new run folder, lock it, and draw the secret behind its sealed seeds.

        A run that never took a step, since its start policy was refused, makes room for the new one.

        Raises:
            ConfigError: it holds a run already, or cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"Cannot make the run folder {folder}: {error.strerror}.") from error
        lock = lock_folder(folder)
        try:
            return cls(folder, cls._new_ledger(folder, config), config, lock)
        except BaseException:
            os.close(lock)
            raise

    @staticmethod
    def _new_ledger(folder: Path, config: RunConfig) -> RunLedger:
        ledger = RunLedger(folder / LEDGER)
        if ledger.value("config") is not None and ledger.champion is None and not any(ledger.steps()):
            ledger.__exit__()
            for name in (LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", METER, LOG):
                (folder / name).unlink(missing_ok=True)
            ledger = RunLedger(folder / LEDGER)
        if ledger.value("config") is not None:
            ledger.__exit__()
            raise ConfigError(
                f"{folder} holds a run already: go on with `fastheur learn resume={shlex.quote(str(folder))}`, or give "
                "another name=NAME."
            )
        secret = draw_secret()  # all in one write: a run that is killed here has not begun
        ledger.put(
            config=config.to_dict(), created=time.time(), status="open", secret=secret, commitment=commitment(secret)
        )
        return ledger

    @classmethod
    def open(cls, name: str | Path, lock: bool = False) -> "Run":
        """Open a run by its folder, or its name under ``runs/``; ``lock`` to work on it.

        Raises:
            ConfigError: there is no such run, or another process is working on it.
        """
        folder = find_run(name)
        held = lock_folder(folder) if lock else -1
        try:
            ledger = RunLedger(folder / LEDGER)
            values = ledger.value("config")
            if values is None:
                raise ConfigError(f"{folder} holds a run that never began; give its settings and name={folder} again.")
            return cls(folder, ledger, RunConfig.from_dict(values), held)
        except BaseException:
            if held >= 0:
                os.close(held)
            raise

    @property
    def status(self) -> str:
        """``open``, ``over`` (its agent has ended) or ``confirmed`` (its champion was played on sealed seeds)."""
        return str(self.ledger.value("status"))

    def close(self) -> None:
        """Let others work on it."""
        self.ledger.__exit__()
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1
