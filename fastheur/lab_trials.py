"""Trials and searches of a run: from a source to a Scorecard, a verdict and a failure report."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastheur import failures
from fastheur.baking import bake
from fastheur.board import Board
from fastheur.complexity import complexity
from fastheur.errors import PolicyError
from fastheur.judge import Judge, Order, Played, Row
from fastheur.loading import MAX_BYTES
from fastheur.meter import StepsSpent
from fastheur.operations import Answer
from fastheur.policy import Number, Param
from fastheur.promotion import Outcome, Promotion
from fastheur.record import EpisodeRecord
from fastheur.run_ledger import RunLedger, Version
from fastheur.runs import RunConfig
from fastheur.searching import Space, halving, make_space, propose, ranking

REPORT_TOKENS = 700
SHOWN_ROWS = 5


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
        self, operation: int, source: str, hypothesis: str, episodes: int | None = None, allow: Sequence[str] = ()
    ) -> Answer:
        """Try a candidate; see the operation ``trial``.

        Raises:
            StepsSpent: the budget ended before there was a verdict; what is known of the candidate stays in the ledger.
        """
        problem = _unreadable(source)
        if problem:
            return Answer(f"Refused: {problem}", {"status": "refused", "reason": problem})
        sha256 = hashlib.sha256(source.encode()).hexdigest()
        known = self._ledger.version_of(sha256)
        if known and self._answered(known, episodes):
            return self._again(known)
        if known:  # cut off before it was answered: whoever asks now pays for the rest
            self._ledger.change_version(known.version, operation=operation)
        version = known or self._new_version(operation, sha256, source, hypothesis)
        try:
            row = self._row(version)
            tried = _Tried(version, row, self._train(operation, row, episodes))
            return self._verdict(operation, tried, allow)
        except StepsSpent:
            self._ledger.change_version(version.version, reason="the budget ended before there was a verdict")
            raise
        except PolicyError as error:
            self._ledger.change_version(version.version, verdict="failed", reason=str(error))
            self._board.say(f"{version.name} failed: {str(error).splitlines()[0]}")
            data = {"status": "failed", "version": version.version, "reason": str(error), "promoted": False}
            return Answer(f"{version.name} failed, and has no score.\n{error}", data)

    def _new_version(self, operation: int, sha256: str, source: str, hypothesis: str) -> Version:
        champion = self._ledger.champion
        try:
            size = complexity(source).score
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            size = 0  # the contract's check will say what is wrong with it
        parent = champion.version if champion else None
        version = self._ledger.add_version(sha256, source, parent, operation, hypothesis, size)
        self._board.versions = version.version
        return version

    def _row(self, version: Version) -> Row:
        name = f"{version.name}.py"
        declared = self._judge.ask("check", source=version.source, name=name)
        return Row(name, version.source, version.policy_sha256, declared["style"], declared["values"])

    def _train(self, operation: int, row: Row, episodes: int | None) -> Played:
        """Play train episodes: one where one is everything, else as many as asked for."""
        count = episodes or self._config.train_episodes
        if self._config.deterministic:
            one = self._judge.play([row], self._order(operation, 1, row.name))[0]
            if one.card.whole_population or count == 1:
                return one
        return self._judge.play([row], self._order(operation, count, row.name))[0]

    def _order(self, operation: int, episodes: int, notes: str) -> Order:
        return Order(operation, "train", "train", range(episodes), self._config.protocol, record=True, notes=notes)

    def _verdict(self, operation: int, tried: _Tried, allow: Sequence[str]) -> Answer:
        version, played = tried.version, tried.played
        score = played.card.mean
        rival = self._rival(operation, tried)
        if version.verdict in ("open", "failed"):
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
            "returns": card.returns.tolist(),
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
        champion = _records(rival.played) if rival else None
        return failures.report(records, meanings=self._meanings, champion=champion, most_tokens=REPORT_TOKENS)

    # ------------------------------------------------------------------ the same again

    def _answered(self, version: Version, episodes: int | None) -> bool:
        """True where there is nothing to add to what was once said about this text."""
        finished = {one["operation"] for one in self._ledger.operations() if one["status"] == "done"}
        if version.operation not in finished:
            return False
        return episodes is None or version.verdict == "failed"

    def _again(self, version: Version) -> Answer:
        score = "no score" if version.score is None else f"{version.score:,.2f}"
        text = (
            f"This very text was tried before as {version.name} (trial {version.trial}): {score}, {version.verdict}: "
            f"{version.reason}. Nothing was played or charged."
        )
        promoted = version.verdict in ("champion", "dethroned")
        data = {
            "status": "known", "version": version.version, "trial": version.trial, "score_mean": version.score,
            "promoted": promoted, "reason": version.reason,
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
        base = Row("search.py", source, sha256, declared["style"], declared["values"])
        hunt = _Hunt(self, operation, base, params, make_space(params, space), sampler)
        hunt.run(steps, self._free(sha256, space, sampler))
        return self._found(operation, hunt, source, hypothesis)

    def _free(self, sha256: str, space: Mapping[str, Any], sampler: str) -> int:
        """Return the generations that earlier searches of the same kind have played: they go on where those ended."""
        done = [
            one["answer"]["data"].get("generations", 0)
            for one in self._ledger.operations()
            if one["name"] == "search" and one["status"] == "done"
            and (one["request"]["source"], one["request"]["space"], one["request"]["sampler"]) == (sha256, dict(space), sampler)
        ]  # fmt: skip
        return max(done, default=0)

    def _found(self, operation: int, hunt: "_Hunt", source: str, hypothesis: str) -> Answer:
        data: dict[str, Any] = {
            "status": "searched", "generations": hunt.generations, "rows": len(hunt.history), "exhausted": hunt.exhausted,
            "best": None, "promoted": False,
        }  # fmt: skip
        values, score = hunt.history[ranking(hunt.history)[0]]
        changed = {name: value for name, value in values.items() if value != hunt.base.values[name]}
        words = ", ".join(f"{name}={value:g}" for name, value in changed.items()) or "the defaults"
        data |= {"best": dict(values), "best_score": score, "switches": hunt.switches(values)}
        lines = [
            f"{len(hunt.history)} parameter rows in {hunt.generations} generations of "
            f"{self._config.search_population}; best {score:,.2f}: {words}.",
            *hunt.best(),
        ]
        champion = self._ledger.champion
        if not changed or (champion and champion.score is not None and score <= champion.score):
            lines.append("No row looks better than the champion; nothing was tried.")
            return Answer("\n".join(lines), data)
        answer = self.trial(operation, bake(source, values), f"{hypothesis}: {words}")
        return Answer("\n".join([*lines, "", answer.text]), {**data, **answer.data, "generations": hunt.generations})


class _Hunt:
    """One search: generation after generation, each a pure function of the ones before."""

    def __init__(
        self, trials: Trials, operation: int, base: Row, params: Mapping[str, Param], space: Space, sampler: str
    ) -> None:
        self.base = base
        self.history: list[tuple[dict[str, Number], float]] = []
        self.generations = 0
        self.exhausted = False
        self._trials = trials
        self._operation = operation
        self._params = params
        self._space = space
        self._sampler = sampler

    def run(self, steps: int, free: int) -> None:
        """Search on for about ``steps`` env steps after ``free`` generations that are known already.

        A generation is played whole, and the next one begun as long as one of the mean size fits into the rest. What a
        generation takes is counted by the lengths of its episodes, whether or not they had to be played: a search that is
        resumed stops where it would have stopped.
        """
        config, used, paid = self._trials._config, 0, 0
        while paid == 0 or used + used / paid <= steps:
            rows = propose(self._space, self.history, config.search_population, config.seed, self._sampler)
            if not rows:
                self.exhausted = True
                return
            scores, lengths = self._generation(rows)
            if self.generations >= free:
                used, paid = used + sum(lengths), paid + 1
            self.history += zip([{**self.base.values, **row} for row in rows], scores, strict=True)
            self.generations += 1

    def _generation(self, rows: Sequence[dict[str, Number]]) -> tuple[list[float], list[int]]:
        """Return score and env steps of each row, by successive halving over the episodes.

        The mean of a row that was dropped early is of fewer episodes: it counts for no more than the least of those kept.
        """
        config = self._trials._config
        mine = [
            Row(self.base.name, self.base.source, self.base.sha256, self.base.style, {**self.base.values, **row})
            for row in rows
        ]
        alive, last = list(range(len(mine))), dict[int, Played]()
        dropped: list[list[int]] = []
        for left, end in halving(len(mine), 1 if config.deterministic else config.search_episodes):
            alive.sort(key=lambda place: -_mean(last[place]) if last else 0.0)
            alive, out = alive[:left], alive[left:]
            dropped.append(out)
            last |= zip(alive, self._played([mine[place] for place in alive], end), strict=True)
        scores = {place: _mean(one) for place, one in last.items()}
        for out in reversed(dropped):
            bar = min(scores[place] for place in alive)
            scores |= {place: min(scores[place], bar) for place in out}
            alive += out
        return [scores[place] for place in range(len(mine))], [_steps(last[place]) for place in range(len(mine))]

    def _played(self, rows: Sequence[Row], episodes: int) -> list[Played]:
        config = self._trials._config
        order = Order(
            self._operation, "search", "train", range(episodes), config.protocol, stall=config.search_stall,
            notes=f"search, generation {self.generations + 1}",
        )  # fmt: skip
        return self._trials._judge.play(rows, order)

    def switches(self, values: Mapping[str, Number]) -> dict[str, Number]:
        """Return the values of what can only be on or off."""
        return {name: values[name] for name, param in self._params.items() if sorted(param.choices) == [0, 1]}

    def best(self) -> list[str]:
        """Return the best rows, a line each."""
        rows = [self.history[place] for place in ranking(self.history)[:SHOWN_ROWS]]
        return [
            f"  {score:,.2f}  " + " ".join(f"{name}={value:g}" for name, value in row.items()) for row, score in rows
        ]


def _mean(played: Played) -> float:
    """The mean return; what a cut episode has so far is a lower bound of its own."""
    return float(played.card.returns.mean())


def _steps(played: Played) -> int:
    return sum(episode.length for episode in played.card.episodes)


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
