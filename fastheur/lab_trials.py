"""Trials and searches of a run: from a source to a Scorecard, a verdict and a failure report."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastheur import failures, regress
from fastheur.baking import bake
from fastheur.board import Board
from fastheur.complexity import complexity
from fastheur.errors import ConfigError, PolicyError
from fastheur.hunting import Hunt
from fastheur.judge import Judge, Order, Played, Row, row_of
from fastheur.meter import StepsSpent
from fastheur.operations import Answer
from fastheur.policy import Param
from fastheur.promotion import Outcome, Promotion
from fastheur.record import EpisodeRecord
from fastheur.run_ledger import RunLedger, Version
from fastheur.runs import RunConfig
from fastheur.searching import make_space, ranking
from fastheur.source_limits import MAX_BYTES
from fastheur.tasks import Protocol, find_protocol, make_task

REPORT_TOKENS = 700

_UNDECIDED = ("open", "failed")


@dataclass(frozen=True)
class _Tried:
    """A version that was played on train episodes."""

    version: Version
    row: Row
    played: Played


class Trials:
    """Tries candidates against the champion of a run."""

    def __init__(
        self, config: RunConfig, ledger: RunLedger, judge: Judge, board: Board, meanings: Sequence[str]
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._judge = judge
        self._board = board
        self._meanings = tuple(meanings)
        self._promotion = Promotion(config, ledger, judge)

    # ------------------------------------------------------------------ trial

    def trial(
        self,
        operation: int,
        source: str,
        hypothesis: str,
        episodes: int | None = None,
        allow: Sequence[str] = (),
        protocol: str | None = None,
        max_steps: int | None = None,
    ) -> Answer:
        """Try a candidate; see the operation ``trial``.

        Raises:
            StepsSpent: the budget ended before there was a verdict; what is known of the candidate stays in the ledger.
            ConfigError: ``allow`` names a golden case that does not exist, there is no such protocol, or ``max_steps`` cuts
                nothing; nothing was played.
        """
        problem = _unreadable(source)
        if problem:
            return Answer(f"Refused: {problem}", {"status": "refused", "reason": problem})
        sha256 = hashlib.sha256(source.encode()).hexdigest()
        regress.check_names(self._ledger.golden(), allow)
        other = self._other(protocol, max_steps)
        known = self._ledger.version_of(sha256)
        if known and other is None and self._answered(known, episodes, allow):
            return self._again(known)
        if known and other is None:
            version = self._taken_up(operation, known, allow)
        else:
            version = known or self._new_version(operation, sha256, source, hypothesis)
        try:
            row = self._row(version)
            if other is not None:
                return self._looked(operation, version, row, episodes, other)
            tried = _Tried(version, row, self._train(operation, version, row, episodes))
            return self._verdict(operation, tried, allow)
        except StepsSpent as error:
            self._ledger.change_version(version.version, reason="the budget ended before there was a verdict")
            raise type(error)(f"{error} {self._so_far(version, other or self._config.protocol)}") from error
        except PolicyError as error:
            self._ledger.change_version(version.version, verdict="failed", reason=str(error))
            self._board.say(f"{version.name} failed: {str(error).splitlines()[0]}")
            data = {"status": "failed", "version": version.version, "reason": str(error), "promoted": False}
            return Answer(f"{version.name} failed, and has no score.\n{error}", data)

    def _other(self, name: str | None, max_steps: int | None) -> Protocol | None:
        """Return the protocol that is asked for, or None for the run's own; one with a cap of its own has it in its name."""
        other = self._config.protocol
        if name not in (None, other.name):
            other = find_protocol(name, self._config.environment)
            make_task(self._config.environment, self._config.mode, other)
        elif max_steps is None:
            return None
        if max_steps is None:
            return other
        cap = self._judge.cap_of(other)
        if cap is not None and max_steps >= cap:
            raise ConfigError(
                f"max_steps={max_steps:,} cuts nothing: episodes end after {cap:,} env steps. Leave it out."
            )
        return replace(other, name=f"{other.name} max_steps={max_steps}", max_steps=max_steps)

    def _so_far(self, version: Version, protocol: Protocol) -> str:
        """Say what is known of a version that the budget cut off."""
        returns = self._ledger.train_returns(version.policy_sha256, protocol.label(self._config.task))
        if not returns:
            return f"{version.name} finished no train episode."
        listed = ", ".join(f"{one:,.2f}" for one in returns[:10]) + (", ..." if len(returns) > 10 else "")
        return f"{version.name} finished train episodes with {listed} (mean {sum(returns) / len(returns):,.2f}); no verdict."

    def _looked(self, operation: int, version: Version, row: Row, episodes: int | None, other: Protocol) -> Answer:
        """Play a candidate under another protocol than the run's: a score and a failure report, no verdict."""
        count = 1 if other.deterministic(self._config.task) else episodes or self._config.train_episodes
        order = Order(operation, "train", "train", range(count), other, record=True, notes=row.name)
        played = self._judge.play([row], order)[0]
        label, card = other.label(self._config.task), played.card
        if version.verdict == "open":
            self._ledger.change_version(version.version, reason=f"{card.mean:,.2f} under {label}; not tried yet.")
        self._board.say(f"{version.name} {card.mean:,.2f} under {label}: {version.hypothesis}")
        lines = [
            f"{version.name} (trial {played.trial}): mean return {card.mean:,.2f} under {label}, train episodes ({card.spread}).",
            f"No verdict: champions are made under {self._config.protocol.name}, in whole episodes. Send it again without protocol= "
            "and max_steps= to have it tried.",
        ]
        report = failures.report(_records(played), meanings=self._meanings, most_tokens=REPORT_TOKENS)
        data = {
            "status": "seen", "version": version.version, "trial": played.trial, "promoted": False,
            "score_mean": card.mean, "scorecard": card.to_dict(), "protocol": label,
        }  # fmt: skip
        return Answer("\n".join([*lines, "", report]), data)

    def _new_version(self, operation: int, sha256: str, source: str, hypothesis: str) -> Version:
        champion = self._ledger.champion
        try:
            size = complexity(source).score
        except PolicyError:
            size = 0  # the contract's check will say what is wrong with it
        parent = champion.version if champion else None
        version = self._ledger.add_version(sha256, source, parent, operation, hypothesis, size)
        self._board.versions = version.version
        return version

    def _taken_up(self, operation: int, known: Version, allow: Sequence[str]) -> Version:
        """Return a version that was cut off before it was answered: whoever asks now pays for the rest.

        What was not decided then, or may lose golden cases now, is decided against who is champion now.
        """
        changes: dict[str, Any] = {"operation": operation}
        again = known.verdict == "rejected" and bool(allow)
        if again:
            changes["verdict"] = "open"
        if known.verdict in _UNDECIDED or again:
            champion = self._ledger.champion
            changes["parent"] = champion.version if champion else None
        self._ledger.change_version(known.version, **changes)
        return self._ledger.version(known.version)

    def _row(self, version: Version) -> Row:
        name = f"{version.name}.py"
        declared = self._judge.ask("check", source=version.source, name=name)
        return row_of(name, version.source, version.policy_sha256, declared)

    def _train(self, operation: int, version: Version, row: Row, episodes: int | None) -> Played:
        """Play train episodes: one where one is everything, for the champion too; else as many as asked for."""
        count = episodes or self._config.train_episodes
        if self._config.deterministic:
            rows = [row] if version.parent is None else [row, self._row(self._ledger.version(version.parent))]
            played = self._judge.play(rows, self._order(operation, 1, row.name))
            if all(one.card.whole_population for one in played):
                return played[0]
        return self._judge.play([row], self._order(operation, count, row.name))[0]

    def _order(self, operation: int, episodes: int, notes: str) -> Order:
        return Order(operation, "train", "train", range(episodes), self._config.protocol, record=True, notes=notes)

    def _verdict(self, operation: int, tried: _Tried, allow: Sequence[str]) -> Answer:
        version, played = tried.version, tried.played
        score = played.card.mean
        rival = self._rival(operation, tried)
        if version.verdict in _UNDECIDED:
            self._ledger.change_version(version.version, trial=played.trial, score=score)
            champion = (rival.row, rival.played) if rival else None
            outcome = self._promotion.consider(operation, version, tried.row, played, champion, allow)
            if not outcome.promoted:
                self._ledger.change_version(version.version, verdict="rejected", reason=outcome.reason)
        else:  # decided before a crash, and not answered yet
            outcome = Outcome(version.verdict in ("champion", "dethroned"), version.reason)
        self._show(version, score, outcome)
        return self._told(tried, rival, outcome)

    def _rival(self, operation: int, tried: _Tried) -> _Tried | None:
        """Return the champion that the candidate was made against, on the same train episodes."""
        if tried.version.parent is None:
            return None
        parent = self._ledger.version(tried.version.parent)
        row = self._row(parent)
        count = len(tried.played.card.episodes)
        return _Tried(parent, row, self._judge.play([row], self._order(operation, count, row.name))[0])

    def _show(self, version: Version, score: float | None, outcome: Outcome) -> None:
        shown = "-" if score is None else f"{score:,.2f}"
        if outcome.promoted:
            self._board.champion, self._board.champion_score = version.name, score
            if version.parent is None:
                self._board.start_score = score
        mark = "champion" if outcome.promoted else "rejected"
        self._board.say(f"{version.name} {shown} {mark}: {version.hypothesis}")

    def _told(self, tried: _Tried, rival: _Tried | None, outcome: Outcome) -> Answer:
        version, card = tried.version, tried.played.card
        lines = [
            f"{version.name} (trial {tried.played.trial}): mean return {card.mean:,.2f} on train episodes ({card.spread})."
        ]
        data: dict[str, Any] = {
            "status": "promoted" if outcome.promoted else "rejected",
            "version": version.version,
            "trial": tried.played.trial,
            "promoted": outcome.promoted,
            "reason": outcome.reason,
            "lost_golden": list(outcome.lost),
            "score_mean": card.mean,
            "scorecard": card.to_dict(),
            "difference": None,
        }
        if rival:
            gained = card.returns - rival.played.card.returns
            data["difference"] = float(gained.mean())
            wins, losses = int((gained > 0).sum()), int((gained < 0).sum())
            lines.append(
                f"Against the champion {rival.version.name} ({rival.played.card.mean:,.2f}) on the same episodes: "
                f"{gained.mean():+,.2f}, better in {wins}, worse in {losses} of {len(gained)}."
            )
        lines.append(f"{'It is the champion now' if outcome.promoted else 'The champion stays'}. {outcome.reason}")
        if outcome.promoted and rival:
            lines.append(
                "Next, a simplification: send a shorter program that plays as well (trial); at an equal score the simpler one "
                f"becomes champion. {version.name} has complexity {version.complexity:,}."
            )
        report = self._report(tried, rival)
        if report:
            lines += ["", report]
        return Answer("\n".join(lines), data)

    def _report(self, tried: _Tried, rival: _Tried | None) -> str:
        records = _records(tried.played)
        if not records:
            return "No failure report: these episodes were played by a search, which keeps no records of them."
        champion = _records(rival.played) if rival else None
        return failures.report(records, meanings=self._meanings, champion=champion, most_tokens=REPORT_TOKENS)

    # ------------------------------------------------------------------ the same again

    def _answered(self, version: Version, episodes: int | None, allow: Sequence[str]) -> bool:
        """True where there is nothing to add to what was once said about this text."""
        if version.verdict == "open" or (version.verdict == "rejected" and allow):
            return False
        if self._ledger.operation_status(version.operation) != "done":
            return False
        return episodes is None or version.verdict == "failed"

    def _again(self, version: Version) -> Answer:
        score = "no score" if version.score is None else f"{version.score:,.2f}"
        text = (
            f"This very text was tried before as {version.name} (trial {version.trial or '-'}): {score}, {version.verdict}. "
            f"Nothing was played or charged.\n{version.reason}"
        )
        data = {
            "status": "known", "version": version.version, "trial": version.trial, "score_mean": version.score,
            "promoted": False, "verdict": version.verdict, "reason": version.reason,
        }  # fmt: skip
        return Answer(text, data)

    # ------------------------------------------------------------------ search

    def search(
        self, operation: int, source: str, steps: int, space: Mapping[str, Any], sampler: str, hypothesis: str
    ) -> Answer:
        """Search a policy's parameters; see the operation ``search``."""
        problem = _unreadable(source)
        if problem:
            return Answer(f"Refused: {problem}", {"status": "refused", "reason": problem})
        sha256 = hashlib.sha256(source.encode()).hexdigest()
        self._ledger.keep_source(sha256, "search.py", source)
        try:
            declared = self._judge.ask("check", source=source, name="search.py")
        except PolicyError as error:
            return Answer(f"The source was refused.\n{error}", {"status": "failed", "reason": str(error)})
        params = {name: _param(entry) for name, entry in declared["params"].items()}
        base = row_of("search.py", source, sha256, declared)
        hunt = Hunt(self._config, self._judge, operation, base, params, make_space(params, space), sampler)
        free = self._ledger.searched({"source": sha256, "space": dict(space), "sampler": sampler})
        try:
            hunt.run(steps, free)
        except PolicyError as error:
            data = {"status": "failed", "reason": str(error), "promoted": False, "exhausted": True}
            return Answer(f"The search ended: no row of a generation could be played.\n{error}", data)
        return self._found(operation, hunt, source, hypothesis)

    def _found(self, operation: int, hunt: Hunt, source: str, hypothesis: str) -> Answer:
        data: dict[str, Any] = {
            "status": "searched", "generations": hunt.generations, "rows": len(hunt.history), "exhausted": hunt.exhausted,
            "best": None, "promoted": False,
        }  # fmt: skip
        values, score = hunt.history[ranking(hunt.history)[0]]
        assert score is not None
        changed = {name: value for name, value in values.items() if value != hunt.base.values[name]}
        words = ", ".join(f"{name}={value:g}" for name, value in changed.items()) or "the defaults"
        data |= {"best": dict(values), "best_score": score, "switches": hunt.switches(values)}
        lines = [
            f"{len(hunt.history)} parameter rows in {hunt.generations} generations of "
            f"{self._config.search_population}; best {score:,.2f}: {words}.",
            *hunt.best(),
        ]
        if score <= self._bar(operation):
            lines.append("No row looks better than the champion; nothing was tried.")
            return Answer("\n".join(lines), data)
        answer = self.trial(operation, bake(source, values), f"{hypothesis}: {words}")
        return Answer("\n".join([*lines, "", answer.text]), {**data, **answer.data, "generations": hunt.generations})

    def _bar(self, operation: int) -> float:
        """Return what the champion scores on the episodes that a search plays."""
        champion = self._ledger.champion
        if champion is None:
            return -math.inf
        row, config = self._row(champion), self._config
        order = self._order(operation, 1 if config.deterministic else config.search_episodes, row.name)
        return float(self._judge.play([row], order)[0].card.returns.mean())


def _records(played: Played) -> list[EpisodeRecord]:
    return [EpisodeRecord.from_dict(played.records[index]) for index in sorted(played.records)]


def _param(entry: Mapping[str, Any]) -> Param:
    return Param(entry["default"], entry["low"], entry["high"], tuple(entry["choices"]))


def _unreadable(source: str) -> str | None:
    """Say why a text cannot be a policy file at all, or return None."""
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError:
        return "the source is no text in UTF-8; send the policy file as it is."
    if size > MAX_BYTES:
        return f"the source has {size:,} bytes; a policy file may have {MAX_BYTES:,}."
    if "\0" in source:
        return "the source holds binary data; send the policy file as text."
    if not source.strip():
        return "the source is empty; send the whole text of the policy file."
    return None
