"""The Lab: the only door to the engine for anything that learns.

One object, the same operations through Python, the OpenAI tools, MCP and the shell. It owns budget, splits and ledger: every
operation is written before it begins, its env steps are reserved before they are taken, and its answer is kept. A run
that is resumed answers what was answered before from those records.
"""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastheur import briefing
from fastheur.board import Board
from fastheur.budget import Spent
from fastheur.errors import ConfigError, EngineError, FastheurError, LedgerError, RunOver
from fastheur.judge import Judge
from fastheur.lab_looks import Looks
from fastheur.lab_requests import finite, readable, recorded
from fastheur.lab_trials import Trials
from fastheur.meter import StepMeter, StepsSpent
from fastheur.operations import Answer, checked
from fastheur.playing import Player
from fastheur.regress import GoldenCase
from fastheur.run_files import write_files
from fastheur.run_folder import LOG, METER
from fastheur.runs import Run
from fastheur.trial_rows import settle_open

_CLOCK_S = 5.0
"""The wall time that an operation has taken so far is written this often."""
_TAKEN_NAMES = re.compile(r"v\d+-\d+")


class Lab:
    """The door of an open, locked run; see :class:`fastheur.agents.base.Door`.

    Attributes:
        run: the run. board: what is shown of it. judge: plays and keeps the books.
    """

    def __init__(self, run: Run, board: Board | None = None) -> None:
        self.run = run
        self.board = board or Board()
        self._ledger = run.ledger
        self._config = run.config
        self._guard = threading.RLock()
        self._began = self._last = self._clocked = time.monotonic()
        meter = StepMeter(run.folder / METER)
        settle_open(self._ledger, meter)
        self._ledger.interrupt_open()
        self._session = self._ledger.begin_session()
        self._wall_before = self._ledger.wall_s(self._session)
        self._player = Player(run.folder / METER, run.folder / LOG, run.lock)
        self._player.watch = self._stepped
        self.judge = Judge(self._config, self._ledger, self._player, meter)
        self.judge.deadline = self._seconds_left
        self.judge.progress = self._progress
        try:
            self._world: dict[str, Any] = self._ledger.value("world") or self._described()
        except BaseException:
            self._player.close()
            raise
        self.judge.cap = self._world["cap"]
        self._trials = Trials(self._config, self._ledger, self.judge, self.board, self._world["meanings"])
        self._looks = Looks(self._config, self._ledger, self.judge, self._world)
        self._answered: deque[dict[str, Any]] = deque()
        self._refresh()

    # ------------------------------------------------------------------ Door

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Do one operation of :data:`fastheur.operations.OPERATIONS`.

        Raises:
            ConfigError: bad arguments; nothing was charged. RunOver: the run has ended.
        """
        arguments = readable(checked(operation, arguments))
        with self._guard:
            request = recorded(arguments)
            known = self._replayed(operation, request)
            if known is not None:
                return known
            self._refuse_if_over()
            return self._done(operation, request, lambda number: _OPERATIONS[operation](self, number, **arguments))

    def charge(self, tokens: int | None, money: float | None) -> None:
        """Charge what a language model took; see :class:`fastheur.agents.base.Door`."""
        with self._guard:
            if tokens is not None or money is not None:
                self._ledger.charge(tokens, money)
            reason = self._why_over()
            if reason:
                self.end(reason)
            self._refuse_if_over()

    def remember(self, kind: str, content: Any) -> None:
        """Keep something of the agent's own."""
        with self._guard:
            self._ledger.keep(kind, content)

    def recall(self, kind: str) -> list[Any]:
        """Return what was kept under ``kind``."""
        with self._guard:
            return self._ledger.kept(kind)

    def say(self, text: str) -> None:
        """Show one line of progress."""
        self.board.say(text)

    # ------------------------------------------------------------------ the run

    @property
    def over(self) -> str | None:
        """Why the run has ended, or None."""
        return self._ledger.value("over")

    @property
    def idle_s(self) -> float:
        """Seconds since the last operation ended."""
        return 0.0 if self.board.doing else time.monotonic() - self._last

    @property
    def spent(self) -> Spent:
        """What the run has taken so far."""
        charged, sealed = self._ledger.steps()
        wall = self._wall_before + time.monotonic() - self._began
        return Spent(charged, sealed, wall, *self._ledger.charged(), self._ledger.model_steps())

    def start(self) -> Answer:
        """Try the policy that the run starts from, which becomes the first champion; nothing where that was done.

        Raises:
            FastheurError: it breaks the contract, or the budget does not reach for one episode of it.
        """
        if self._ledger.champion is not None:
            return Answer("", {})
        config = self._config
        hypothesis = f"start: {config.start_name}"
        with self._guard:
            request = recorded({"source": config.start, "hypothesis": hypothesis})
            answer = self._done("start", request, lambda number: self._trials.trial(number, config.start, hypothesis))
        if self._ledger.champion is None:
            if "reason" in answer.data:
                raise ConfigError(f"The start policy {config.start_name} cannot be played: {answer.data['reason']}")
            if self._ledger.model_steps() and config.budget.model_steps is not None:
                raise ConfigError(
                    f"budget.model_steps={config.budget.model_steps:,} does not reach for the first trial of the start policy, which "
                    "plans with a model; expected more, or fewer train_episodes."
                )
            raise ConfigError(
                f"budget.env_steps={config.budget.env_steps:,} does not reach for the first trial of the start policy; "
                f"expected at least one episode of {config.task.name}, of up to "
                f"{self.judge.cap_of(config.protocol) or 'any number of'} env steps."
            )
        return answer

    def replay(self) -> None:
        """Answer the operations that are in the records from there, in order, as long as they are asked for again."""
        done = [one for one in self._ledger.operations() if one["status"] != "interrupted" and one["name"] != "start"]
        self._answered = deque(done)

    def end(self, reason: str) -> None:
        """End the run: nothing more is played for it but the confirmation."""
        with self._guard:
            if self.over is None:
                self._ledger.put(over=reason, status="over")

    def close(self) -> None:
        """Stop working on the run; it can be resumed."""
        with self._guard:
            try:
                self._player.close()
                self._clock()
                write_files(self.run)
            finally:
                self.run.close()

    # ------------------------------------------------------------------ bookkeeping

    def _done(self, name: str, request: Mapping[str, Any], work: Callable[[int], Answer]) -> Answer:
        """Do an operation between two writes; whatever it took is settled, and its answer is kept."""
        number = self._ledger.open_operation(name, request)
        self.board.doing = name
        status = "interrupted"
        kept: Answer | None = None
        try:
            kept = work(number)
            status = "done"
        except StepsSpent as error:  # asked again with more budget, it goes on
            kept = Answer(f"What was left of the budget did not reach for it; what was taken is charged. {error}")
        except (EngineError, LedgerError):  # no verdict on what was asked: it may be asked again
            raise
        except FastheurError as error:
            kept, status = Answer(str(error)), "refused"
            raise
        finally:
            self.board.doing, self._last = "", time.monotonic()
            if kept is not None:
                kept = replace(kept, data=finite({**kept.data, "goal_reached": self._goal_reached()}))
            answer = None if kept is None else {"text": kept.text, "data": dict(kept.data)}
            with self._ledger.at_once("write an answer"):
                self._ledger.close_operation(number, status, answer, self._why_over(name, number))
                self._clock()
            self._refresh()
        write_files(self.run)
        return self._signed(kept)

    def _signed(self, answer: Answer) -> Answer:
        """Put the budget under an answer, and why the run is over where it is."""
        over, spent = self.over, self.spent
        tail = f"[{spent.text(self._config.budget)}]"
        data = {**answer.data, "spent": spent.to_dict(), "left": spent.left(self._config.budget), "over": over}
        return Answer(f"{answer.text}\n\n{tail}", data, answer.pictures, over)

    def _replayed(self, operation: str, request: Mapping[str, Any]) -> Answer | None:
        if not self._answered:
            return None
        known = self._answered[0]
        if (known["name"], known["request"]) != (operation, request):
            self._answered.clear()
            return None
        self._answered.popleft()
        if known["status"] == "refused":
            raise ConfigError(known["answer"]["text"])
        return Answer(known["answer"]["text"], known["answer"]["data"])

    def _refuse_if_over(self) -> None:
        if self.over is not None:
            raise RunOver(f"The run is over: {self.over}.")

    def _why_over(self, name: str = "", number: int = 0) -> str | None:
        """Say why the run is over from now on, after operation ``number``; None where it goes on, or was over before."""
        if self.over is not None:
            return None
        reason = self.spent.exhausted(self._config.budget)
        if reason is not None:
            return reason
        if self.judge.spent:
            steps = self._config.budget.env_steps
            return f"the budget of {steps:,} env steps is spent, the {self.judge.left:,} left do not reach for more"
        champion = self._ledger.champion
        if name in ("trial", "search") and self._goal_reached() and champion and champion.operation < number:
            return f"the champion has reached the goal of {self._config.goal:,g}"  # and a simpler one had its chance
        return None

    def _goal_reached(self) -> bool:
        goal, champion = self._config.goal, self._ledger.champion
        if goal is None or champion is None or champion.score is None or self._config.budget.must_use:
            return False
        return champion.score >= goal

    def _seconds_left(self) -> float:
        limit = self._config.budget.wall_s
        return self._config.trial_s if limit is None else limit - self.spent.wall_s

    def _stepped(self, taken: int) -> None:
        if self.over is None:  # the confirmation's steps are counted apart
            self.board.steps = self.judge.charged + taken
        self.board.wall_s = self._wall_before + time.monotonic() - self._began
        if time.monotonic() - self._clocked > _CLOCK_S:
            self._clock()

    def _clock(self) -> None:
        """Write the wall time of this session."""
        self._clocked = time.monotonic()
        self._ledger.extend_session(self._session, self._clocked - self._began)

    def _progress(self, done: int, of: int) -> None:
        self.board.episodes = (done, of)

    def _refresh(self) -> None:
        spent, champion = self.spent, self._ledger.champion
        self.board.steps = spent.env_steps
        self.board.wall_s, self.board.tokens, self.board.money = spent.wall_s, spent.tokens, spent.money
        self.board.model_steps = spent.model_steps
        self.board.episodes = (0, 0)
        if champion:
            self.board.champion, self.board.champion_score = champion.name, champion.score

    def _described(self) -> dict[str, Any]:
        world = self.judge.ask("describe")
        self._ledger.put(world=world)
        return world

    # ------------------------------------------------------------------ operations

    def _brief(self, number: int) -> Answer:
        spent = self.spent
        return Answer(
            briefing.brief(self._config, self._ledger, self._world, spent),
            briefing.data(self._config, self._ledger, self._world, spent),
        )

    def _trial(
        self,
        number: int,
        source: str,
        hypothesis: str,
        allow_loss: list[str],
        episodes: int | None = None,
        protocol: str | None = None,
        max_steps: int | None = None,
    ) -> Answer:
        return self._trials.trial(number, source, hypothesis, episodes, allow_loss, protocol, max_steps)

    def _search(
        self, number: int, source: str, steps: int, space: Mapping[str, Any], sampler: str, hypothesis: str
    ) -> Answer:
        return self._trials.search(number, source, steps, space, sampler, hypothesis)

    def _probe(self, number: int, **asked: Any) -> Answer:
        return self._looks.probe(number, **asked)

    def _trace(self, number: int, **asked: Any) -> Answer:
        return self._looks.trace(number, **asked)

    def _replay(self, number: int, **asked: Any) -> Answer:
        return self._looks.replay(number, **asked)

    def _note(self, number: int, text: str, summary: bool) -> Answer:
        return self._kept("summary" if summary else "note", text, number)

    def _failed_direction(self, number: int, text: str) -> Answer:
        return self._kept("failed_direction", text, number)

    def _kept(self, kind: str, text: str, number: int) -> Answer:
        if not text.strip():
            raise ConfigError("text is empty, expected what was learnt.")
        self._ledger.add_memory(kind, text, number)
        return Answer("Kept; it is shown in every brief.", {"kind": kind})

    def _golden(self, number: int, name: str, episode: int, floor: float, max_steps: int | None = None) -> Answer:
        if _TAKEN_NAMES.fullmatch(name) or not name.strip():
            raise ConfigError(
                f"name is {name!r}, expected a word or two; v1-1 and the like are for champions' own cases."
            )
        if not math.isfinite(floor):
            raise ConfigError(f"floor is {floor}, expected a finite return.")
        if any(case.name == name for case in self._ledger.golden()):
            raise ConfigError(f"There is a golden case {name!r} already; give this one another name.")
        champion, config = self._ledger.champion, self._config
        usual = config.golden_protocol(self.judge.cap)
        case = GoldenCase(
            name=name,
            protocol=usual.label(config.task),
            split="train",
            index=episode,
            max_steps=max_steps or usual.max_steps,
            floor=float(floor),
            outcome=float(floor),
            by="agent",
            version=champion.version if champion else 0,
        )
        self._ledger.add_golden(case)
        cap = f", cut at {case.max_steps:,} env steps" if case.max_steps else ""
        return Answer(
            f"Golden case {name}: train episode {episode} under {case.protocol}{cap}, floor {floor:g}. The next candidate "
            "that looks better has to reach it.",
            {"name": name},
        )

    def _finish(self, number: int, reason: str) -> Answer:
        left = self.judge.left
        if self._config.budget.must_use and left:
            raise ConfigError(f"This run is to use its whole budget, and {left:,} env steps are left: go on trying.")
        self.end(f"finished: {reason}")
        return Answer("The run is finished.", {"reason": reason})


_OPERATIONS: dict[str, Callable[..., Answer]] = {
    "brief": Lab._brief,
    "probe": Lab._probe,
    "trial": Lab._trial,
    "search": Lab._search,
    "trace": Lab._trace,
    "replay": Lab._replay,
    "note": Lab._note,
    "failed_direction": Lab._failed_direction,
    "golden": Lab._golden,
    "finish": Lab._finish,
}
