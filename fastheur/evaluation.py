"""One specification in, one Scorecard out: the composition root of engine, host, scorer and ledger."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastheur.action_log import ActionLog
from fastheur.candidates import make_candidates
from fastheur.engine import Engine
from fastheur.engines import make_engine, step_cap
from fastheur.errors import ConfigError, Interrupted, LedgerError, PolicyError, whole
from fastheur.hopeless import Rule, stall_rule, stop_rule
from fastheur.host import Candidate, Host
from fastheur.ledger import Ledger, TrialStart, versions
from fastheur.limits import Limits
from fastheur.loading import Policy
from fastheur.model_steps import shared_out
from fastheur.places import Place, find_place
from fastheur.policy import Number
from fastheur.rollout import Episode, Job, rollout
from fastheur.score import Cost, Scorecard, Setting, with_score
from fastheur.seeds import CAPACITY, SPLITS, commitment, draw_secret, episode_seeds
from fastheur.tasks import Environment, Protocol, Task, find_environment, find_protocol, make_task
from fastheur.tuning import Schedule, find_schedule

LEDGER_SECONDS = 1.0
"""Finished episodes are written to the ledger at least this often."""

Progress = Callable[[int, Sequence[Episode]], None]
"""Called now and then with the env steps so far and the finished episodes."""


@dataclass(frozen=True)
class Plan:
    """Everything an evaluation needs, checked: built once at the edge by :func:`plan`."""

    task: Task
    protocol: Protocol
    split: str
    first: int
    episodes: int
    slots: int | None
    threads: int
    engine: str = "auto"
    warm: bool = False
    debug: bool = False
    gamma: float = 1.0
    notes: str = ""
    ledger: Path | None = None
    secret: str | None = field(default=None, repr=False)
    stop: Rule | None = None
    place: Place = field(default_factory=lambda: find_place("none"))
    actions: bool = False


def plan(
    env: str | Environment,
    *,
    obs: str | None = None,
    protocol: str | Protocol | None = None,
    max_steps: int | None = None,
    episodes: int | None = None,
    first: int = 0,
    split: str = "train",
    slots: int | str | None = None,
    threads: int | str = 0,
    engine: str = "auto",
    warm: bool = False,
    debug: bool = False,
    gamma: float = 1.0,
    stop_below: float | None = None,
    stop_stalled: int | None = None,
    secret: str | None = None,
    notes: str | None = "",
    ledger: str | Path | None = None,
    env_args: Mapping[str, Any] | None = None,
    isolation: str = "none",
    limits: Mapping[str, Any] | None = None,
    actions: bool = False,
) -> Plan:
    """Check the settings of an evaluation and return them as a :class:`Plan`; see :func:`evaluate` for their meaning.

    Raises:
        ConfigError: names the setting, what was found, and what is expected.
    """
    environment = env if isinstance(env, Environment) else find_environment(env, env_args)
    if max_steps is not None:
        whole("max_steps", max_steps, 1)
    if not isinstance(protocol, Protocol):
        protocol = find_protocol(protocol, environment, max_steps=max_steps)
    elif max_steps is not None:
        protocol = replace(protocol, max_steps=max_steps)
    count = protocol.episodes if episodes is None else whole("episodes", episodes, 1)
    if split not in SPLITS:
        raise ConfigError(f"split is {split!r}, expected one of {', '.join(SPLITS)}.")
    if split == "sealed" and ledger is None:
        raise ConfigError(
            "split='sealed' needs a ledger, because every sealed read is logged: name one with ledger=FILE."
        )
    if secret is not None and split != "sealed":
        raise ConfigError(f"A secret belongs to split='sealed', and split is {split!r}.")
    if whole("first", first, 0) + count > CAPACITY:
        raise ConfigError(f"Episodes {first} .. {first + count - 1} were asked for; a split has {CAPACITY:,}.")
    for name, flag in (("warm", warm), ("debug", debug), ("actions", actions)):
        if not isinstance(flag, bool):
            raise ConfigError(f"{name} is {flag!r}, expected true or false.")
    if actions and ledger is None:
        raise ConfigError("actions=true keeps the actions of every episode in a ledger: name one with ledger=FILE.")
    if not isinstance(gamma, (int, float)) or not 0 <= gamma <= 1:
        raise ConfigError(f"gamma is {gamma!r}, expected a discount in 0 .. 1.")
    if not isinstance(ledger, (str, Path, type(None))):
        raise ConfigError(f"ledger is {ledger!r}, expected a file name.")
    if stop_below is not None and stop_stalled is not None:
        raise ConfigError("Found stop_below and stop_stalled; leave one of them away.")
    task = make_task(environment, obs, protocol)
    stop: Rule | None = None
    if stop_below is not None:
        stop = stop_rule(stop_below, task, protocol, step_cap(task, protocol), split, warm)
    elif stop_stalled is not None:
        stop = stall_rule(stop_stalled, task, step_cap(task, protocol), split, warm)
    return Plan(
        task,
        protocol,
        split,
        first,
        count,
        None if slots in (None, "auto") else whole("slots", slots, 1),
        0 if threads == "auto" else whole("threads", threads, 0),
        engine,
        warm,
        debug,
        gamma,
        notes or "",
        None if ledger is None else Path(ledger),
        (secret or draw_secret()) if split == "sealed" else None,
        stop,
        _place(isolation, limits, debug),
        actions,
    )


def _place(isolation: str, limits: Mapping[str, Any] | None, debug: bool) -> Place:
    if debug and isolation != "none":
        raise ConfigError(f"debug=true needs isolation=none, and isolation is {isolation!r}.")
    return find_place(isolation, Limits(**(limits or {})))


def evaluate(
    policy: str | Path | Policy | None,
    env: str | Environment,
    *,
    params: Mapping[str, Number] | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Scorecard:
    """Play a policy and return its Scorecard.

    Args:
        policy: a file, a loaded policy, or None for the shipped policy of the task and mode.
        env: a task name (``atari/breakout``) or any EnvPool id (``CartPole-v1``).
        params: values for the policy's declared parameters.
        progress: see :data:`Progress`.
        settings: ``obs`` observation mode (default: the task's first); ``protocol`` name (default: the task's own);
            ``max_steps`` episode cap; ``episodes`` how many, and ``first`` from which index; ``split``; ``engine`` of
            :data:`fastheur.engines.ENGINES`, no part of the result; ``slots`` environments at a time, and ``threads`` of
            EnvPool or workers of ale (default, or ``"auto"``: see :mod:`fastheur.tuning`); ``warm`` reuse slots
            (screening only); ``debug`` run kernels as plain Python; ``gamma`` discount of the episodes' discounted
            returns; ``stop_below`` cut an episode that cannot reach this return any more, and ``stop_stalled``
            one without a reward for so many env steps (screening only, see :mod:`fastheur.hopeless`); ``ledger`` file to
            record the trial in (default: none; the sealed split needs one); ``secret`` of another sealed evaluation, to
            play further episodes of the same seeds and merge; ``notes`` kept with the trial; ``env_args`` EnvPool
            arguments; ``isolation`` of :data:`fastheur.places.LEVELS`, where the policy runs (default: ``none``, in this
            process; ``strict`` for code you did not write), and ``limits`` of it, see :class:`fastheur.limits.Limits`;
            ``actions`` keep every action of every episode in the ledger (:meth:`fastheur.ledger.Ledger.actions`).

    Returns:
        The Scorecard; a pure function of the episodes, whatever the slots and threads.

    Raises:
        FastheurError: bad input, a policy that breaks the contract, or a ledger that cannot be written.
        Interrupted: Ctrl-C, after the trial was settled; carries what was measured.
    """
    return evaluate_many(policy, env, [params or {}], progress=progress, **settings)[0]


def evaluate_many(
    policy: str | Path | Policy | Sequence[str | Path | Policy] | None,
    env: str | Environment,
    params: Sequence[Mapping[str, Number]],
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> list[Scorecard]:
    """Play many candidates in one pool and return a Scorecard each, in order.

    Args:
        policy: one policy for all rows of ``params``, or a list with one per row.
        params: one mapping of parameter values per candidate; all play the same episodes.
        env, progress, settings: as in :func:`evaluate`.
    """
    what = plan(env, **settings)
    candidates = make_candidates(policy, what.task, params, what.place)
    return run(what, candidates, progress)


def run(
    what: Plan, candidates: Sequence[Candidate], progress: Progress | None = None, host: Host | None = None
) -> list[Scorecard]:
    """Play ``candidates`` as planned: the one place where engine, host, scorer and ledger meet.

    ``host`` replaces the one that would be made for the candidates, for instance by one with a stopwatch.
    """
    began = time.perf_counter()
    engine = make_engine(what.engine, what.task, what.protocol, what.threads)
    seeds = episode_seeds(what.split, what.first, what.episodes, what.secret)
    jobs = [
        Job(number, what.first + place, seed) for place, seed in enumerate(seeds) for number in range(len(candidates))
    ]
    found = find_schedule(engine, candidates[0], len(jobs), what.slots, what.threads, what.place, what.debug)
    schedule = replace(found.schedule, slots=min(found.schedule.slots, len(jobs)))
    if schedule.threads != engine.threads:
        engine = make_engine(engine.name, what.task, what.protocol, schedule.threads)
    engine.env_steps += found.env_steps  # steps are steps, whatever they were taken for
    engine.prepare(schedule.slots, schedule.lanes)
    host = None if found.stop else host or what.place.host(candidates, engine.spec, schedule.slots, what.debug)
    trials = _Trials(what, candidates, schedule, found.env_steps, engine, began, progress)
    if host is None:
        raise trials.interrupted() from found.stop
    return trials.collect(host, jobs)


class _Trials:
    """The running trials of one pool: collects episodes, writes the ledger as they come, settles at the end."""

    def __init__(
        self,
        what: Plan,
        candidates: Sequence[Candidate],
        schedule: Schedule,
        scanned: int,
        engine: Engine,
        began: float,
        progress: Progress | None,
    ) -> None:
        self._what = what
        self._engine = engine
        self._progress = progress
        self._schedule = schedule
        self._scanned = scanned
        self._began = began
        self._settings = [_setting(what, candidate) for candidate in candidates]
        self._episodes: list[list[Episode]] = [[] for _ in candidates]
        self._all: list[Episode] = []
        self._log = ActionLog(len(candidates)) if what.actions else None
        self._unwritten: list[list[Episode]] = [[] for _ in candidates]
        self._last_write = self._last_report = time.perf_counter()
        self._ledger = Ledger(what.ledger) if what.ledger else None
        self._numbers: list[int] = []
        self._model_steps: Callable[[], int | None] = lambda: None
        self._planning = [candidate.policy.plans for candidate in candidates]
        if self._ledger:
            found = versions(engine.name)
            starts = [
                TrialStart(
                    Path(candidate.policy.name).stem,
                    setting,
                    candidate.policy,
                    schedule.slots,
                    schedule.threads,
                    found,
                    what.notes,
                    what.secret is not None,
                    **what.place.stamp,
                )
                for candidate, setting in zip(candidates, self._settings, strict=True)
            ]
            try:
                self._numbers = self._ledger.start(starts)
            except LedgerError:
                self._ledger.__exit__()
                raise

    def collect(self, host: Host, jobs: Sequence[Job]) -> list[Scorecard]:
        """Play the jobs; whatever ends them, what was measured is settled before it goes on."""
        cpu, stepping = time.process_time(), time.perf_counter()
        self._model_steps = host.model_steps
        play = rollout(
            self._engine,
            host,
            jobs,
            self._schedule.slots,
            lanes=self._schedule.lanes,
            warm=self._what.warm,
            gamma=self._what.gamma,
            stop=self._what.stop,
            watch=self._tick,
            recorder=self._log,
        )
        try:
            for episode in map(with_score, play):
                self._episodes[episode.candidate].append(episode)
                self._unwritten[episode.candidate].append(episode)
                self._all.append(episode)
        except KeyboardInterrupt as stop:
            raise Interrupted(self._settle("interrupted", stepping, cpu, None)) from stop
        except BaseException as problem:
            status = "interrupted" if isinstance(problem, LedgerError) else "failed"  # a full disk is no policy's fault
            self._settle(status, stepping, cpu, str(problem) or repr(problem))
            raise
        return self._settle("finished", stepping, cpu, None)

    def interrupted(self) -> Interrupted:
        """Settle the trials of a Ctrl-C that came during the scan."""
        return Interrupted(self._settle("interrupted", time.perf_counter(), time.process_time(), None))

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._ledger and now - self._last_write > LEDGER_SECONDS:
            self._write()
            self._last_write = now
        if self._progress and now - self._last_report > 0.1:
            self._progress(self._engine.env_steps, self._all)
            self._last_report = now

    def _write(self) -> None:
        if self._ledger:
            for place, (number, waiting) in enumerate(zip(self._numbers, self._unwritten, strict=True)):
                if waiting:
                    blobs = self._log.blobs[place] if self._log else None
                    self._ledger.add_episodes(number, self._what.split, waiting, blobs)
                    waiting.clear()
                    if blobs:
                        blobs.clear()

    def _settle(self, status: str, stepping: float, cpu: float, error: str | None) -> list[Scorecard]:
        now = time.perf_counter()
        if self._progress:
            self._progress(self._engine.env_steps, self._all)
        cpu_s, building = time.process_time() - cpu, self._engine.build_s
        wall, setup = now - stepping - building, stepping - self._began + building
        known = [
            sum(episode.model_steps or 0 for episode in episodes) if plans else None
            for plans, episodes in zip(self._planning, self._episodes, strict=True)
        ]
        planned = shared_out(self._model_steps(), known)
        cards = [self._card(number, status, wall, setup, steps) for number, steps in enumerate(planned)]
        try:
            self._record(cards, status, cpu_s / len(cards), error)
        except LedgerError as problem:  # what was measured is shown even where it cannot be kept
            raise LedgerError(f"{problem} Measured: {'; '.join(map(str, cards))}") from problem
        return cards

    def _record(self, cards: Sequence[Scorecard], status: str, cpu_s: float, error: str | None) -> None:
        if self._ledger:
            with self._ledger as ledger:
                self._write()
                for number, card in zip(self._numbers, cards, strict=True):
                    ledger.finish(number, card, status, cpu_s, error)

    def _card(self, number: int, status: str, wall: float, setup: float, model_steps: int | None) -> Scorecard:
        episodes = tuple(sorted(self._episodes[number], key=lambda episode: episode.index))
        played, mine = sum(episode.length for episode in self._all), sum(episode.length for episode in episodes)
        # steps of unfinished episodes are shared out evenly, so that the trials add up to what the engine took
        extra, rest = divmod(self._engine.env_steps - played, len(self._settings))
        extra += number < rest
        share = 1 / len(self._settings)
        cost = Cost(
            mine + extra, wall * share, setup * share, self._schedule.slots, self._schedule.threads, self._engine.name,
            str(self._schedule), self._scanned // len(self._settings), model_steps,
        )  # fmt: skip
        trial = self._numbers[number] if self._numbers else None
        return Scorecard(self._settings[number], episodes, cost, status == "finished", self._what.secret, trial)


def _setting(what: Plan, candidate: Candidate) -> Setting:
    policy, task = candidate.policy, what.task
    if policy.style == "batch" and what.debug:
        raise PolicyError(f"{policy.name} is a batch policy, which is plain Python already; leave debug away.")
    return Setting(
        task.env_id,
        task.mode,
        what.protocol.label(task) + (what.stop.stamp if what.stop else ""),
        what.split,
        what.protocol.envpool_args(task),
        what.protocol.deterministic(task),
        Path(policy.name).name,
        policy.sha256,
        candidate.values,
        what.warm,
        what.place.level,
        what.debug,
        policy.style == "batch",
        commitment(what.secret) if what.secret else None,
        **(what.stop.setting if what.stop else {}),
    )
