"""The only way to become champion: better on paired validation episodes, and no golden case under its floor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastheur import regress
from fastheur.complexity import complexity
from fastheur.gate import Gate, Verdict
from fastheur.judge import Judge, Order, Played, Row
from fastheur.meter import StepsSpent
from fastheur.regress import GoldenCase, Judgement
from fastheur.run_ledger import RunLedger, Version
from fastheur.runs import RunConfig
from fastheur.tasks import Protocol

GOLDEN_FIRST = 1_000_000
"""Train indices from here on are golden cases: no trial plays them unless an agent asks for them."""


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate.

    Attributes:
        promoted: it is the champion now. reason: in words. lost: golden cases that it failed.
        gate: what validation said, None where it did not come to that.
    """

    promoted: bool
    reason: str
    lost: tuple[str, ...] = ()
    gate: Verdict | None = None


class Promotion:
    """Judges candidates against the champion of a run."""

    def __init__(self, config: RunConfig, ledger: RunLedger, judge: Judge) -> None:
        self._config = config
        self._ledger = ledger
        self._judge = judge

    @property
    def _protocol(self) -> Protocol:
        return self._config.golden_protocol(self._judge.cap)

    def consider(
        self,
        operation: int,
        version: Version,
        row: Row,
        trained: Played,
        rival: tuple[Row, Played] | None,
        allow: Sequence[str],
    ) -> Outcome:
        """Decide whether ``version`` becomes champion, and make it so.

        Whatever is played for it is played before anything is written, so a run that is killed here decides the same again.

        Args:
            operation: who pays. row, trained: the candidate and its train episodes. rival: the champion and the same
                episodes; None for the first version of a run. allow: golden cases that may be lost.
        """
        if rival is None:
            return self._crowned(operation, version, row, "The start of the run.", None)
        champion, beaten = rival
        simpler = complexity(row.source).simpler_than(complexity(champion.source))
        gate = self._gate(row, champion, trained, beaten, simpler, operation)
        if not gate.promoted:
            return Outcome(False, gate.reason, gate=gate)
        found, left_out = self._golden(version, row, operation, allow)
        if not found.passed:
            return Outcome(
                False, f"Rejected: it scores well enough, but of the golden cases {found.reason}", found.lost, gate
            )
        reason = f"{gate.reason} Golden cases: {found.reason}{left_out}" if self._ledger.golden() else gate.reason
        return replace(self._crowned(operation, version, row, reason, gate), lost=found.allowed)

    # ------------------------------------------------------------------ validation

    def _gate(self, row: Row, champion: Row, trained: Played, beaten: Played, simpler: bool, operation: int) -> Verdict:
        """Compare on train first, which is played already, and then on validation episodes, stage by stage."""
        config = self._config
        exact = trained.card.whole_population and beaten.card.whole_population
        if exact:
            verdict = Gate(True, 1).verdict([trained.card.returns[0]], [beaten.card.returns[0]], simpler)
            assert verdict is not None
            return verdict
        gate = Gate(False, config.validation_episodes, config.error)
        ahead = float((trained.card.returns - beaten.card.returns).mean())
        if ahead < 0 or (ahead == 0 and not simpler):
            words = "no better" if ahead == 0 else f"worse by {-ahead:,.2f}"
            reason = f"Rejected: {words} than the champion on {len(trained.card.returns)} train episodes."
            return Verdict(False, reason, ahead, None, None, 0, config.error, 0)
        played = 0
        while True:
            end = gate.next_end(played)
            assert end is not None
            order = Order(operation, "validation", "validation", range(end), config.protocol, notes="gate")
            mine, theirs = (one.card for one in self._judge.play([row, champion], order))
            same = all(
                a.action_hash == b.action_hash and a.ret == b.ret
                for a, b in zip(mine.episodes, theirs.episodes, strict=True)
            )
            verdict = gate.verdict(mine.returns.tolist(), theirs.returns.tolist(), simpler, same)
            if verdict is not None:
                return verdict
            played = end

    # ------------------------------------------------------------------ golden cases

    def _golden(self, version: Version, row: Row, operation: int, allow: Sequence[str]) -> tuple[Judgement, str]:
        """Play the golden cases that the golden share can pay for; return the judgement, and what was left out in words."""
        cases = self._ledger.golden()
        costs = {case.name: self._cost(case) for case in cases}
        chosen = regress.within(cases, costs, self._allowance(version), self._ever_lost(cases, version))
        outcomes = {case.name: self._outcome(version, row, case, operation) for case in chosen.chosen}
        return regress.judge(cases, outcomes, allow), f" {chosen.reason}" if chosen.left_out else ""

    def _outcome(self, version: Version, row: Row, case: GoldenCase, operation: int) -> float:
        played = self._judge.play([row], self._order(case.index, case.max_steps, operation))[0]
        outcome = float(played.card.returns[0])
        self._ledger.add_outcome(case.name, version.version, outcome)
        return outcome

    def _order(self, index: int, max_steps: int | None, operation: int) -> Order:
        protocol = self._protocol
        if max_steps is not None:
            protocol = replace(protocol, max_steps=max_steps)
        return Order(operation, "golden", "train", [index], protocol, most=self._allowance(), notes="golden case")

    def _allowance(self, version: Version | None = None, least: int = 0) -> int:
        """Env steps of the golden share that are left.

        What ``version`` has finished from episode ``least`` on is left out: played before a crash, it must not change what
        is chosen afterwards.
        """
        share = int(self._config.golden_share * self._config.budget.env_steps)
        played = self._ledger.golden_steps(version.policy_sha256, least) if version else 0
        return max(0, share - self._ledger.steps_by_role().get("golden", 0) + played)

    def _cost(self, case: GoldenCase) -> int:
        """Env steps that a case takes at most."""
        return case.max_steps or self._judge.cap_of(self._protocol) or 0

    def _ever_lost(self, cases: Sequence[GoldenCase], judged: Version) -> set[str]:
        """Return the cases that a version other than the one that is ``judged`` has lost."""
        floors = {case.name: case.floor for case in cases}
        return {
            name
            for (version, name), outcome in self._ledger.outcomes().items()
            if version != judged.version and outcome < floors.get(name, outcome)
        }

    # ------------------------------------------------------------------ the crown

    def _crowned(self, operation: int, version: Version, row: Row, reason: str, gate: Verdict | None) -> Outcome:
        self._ledger.crown(version.version, reason, self._new_cases(operation, version, row))
        return Outcome(True, reason, gate=gate)

    def _new_cases(self, operation: int, version: Version, row: Row) -> list[GoldenCase]:
        """Return golden cases from a few episodes of the new champion, as far as the golden share goes."""
        config = self._config
        first = GOLDEN_FIRST + sum(case.by == "auto" for case in self._ledger.golden())
        usual = self._judge.cap_of(self._protocol) or 1
        count = min(config.golden_cases, self._allowance(version, first) // usual)
        indices = range(first, first + count)
        try:
            played = (
                self._judge.play([row], replace(self._order(first, None, operation), indices=indices)) if count else []
            )
        except StepsSpent:  # the crown does not hang on it
            return []
        sample = played[0].card.returns.tolist() if played else []
        return [
            GoldenCase(
                name=f"{version.name}-{index - GOLDEN_FIRST + 1}",
                protocol=self._protocol.label(config.task),
                split="train",
                index=index,
                max_steps=self._protocol.max_steps,
                floor=regress.floor_for(outcome, sample),
                outcome=outcome,
                by="auto",
                version=version.version,
            )
            for index, outcome in zip(indices, sample, strict=True)
        ]
