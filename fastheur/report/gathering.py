"""From the ledger of a run to the data of its report, in one pass: SQL counts, Python joins."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from fastheur.database import Connection, connect, explained
from fastheur.model_steps import summed
from fastheur.policy import Number
from fastheur.report.comparing import Difference, Sample, paired
from fastheur.report.records import Idea, Place, RunRecord, Trial
from fastheur.report.searches import defaults_of, tried
from fastheur.run_ledger import Version
from fastheur.run_views import forgotten, walls
from fastheur.runs import Run
from fastheur.schema import HIDDEN

_TRIALS = """
SELECT t.trial, population, coalesce(role, split) AS role, reservation, protocol, protocol_args, status, t.policy_sha256,
    CASE WHEN role = 'search' THEN NULL ELSE version END AS version, score_mean, ci_low, ci_high,
    coalesce(env_steps, (SELECT sum(length) FROM episodes e WHERE e.trial = t.trial), 0) AS env_steps,
    coalesce(episodes, (SELECT count(*) FROM episodes e WHERE e.trial = t.trial)) AS episodes,
    wall_s, error, t.notes, started, finished, isolation, landlock, seccomp, t.split, run_reservations.operation AS operation,
    CASE WHEN role = 'search' THEN params END AS params
FROM trials t LEFT JOIN run_trials USING (trial) LEFT JOIN run_reservations USING (reservation)
LEFT JOIN run_versions v ON v.policy_sha256 = t.policy_sha256 ORDER BY t.trial
"""
_TRAINED = """
SELECT v.version, e.episode, e.ret FROM run_versions v JOIN trials own ON own.trial = v.trial
JOIN trials t ON t.policy_sha256 = v.policy_sha256 AND t.params = own.params AND t.protocol_args = own.protocol_args
    AND t.protocol = own.protocol AND t.split = 'train'
JOIN run_trials paid ON paid.trial = t.trial JOIN run_reservations USING (reservation)
JOIN episodes e ON e.trial = t.trial WHERE role IN ('train', 'search')
"""
_VALIDATED = """
SELECT DISTINCT e.episode, e.ret, protocol, protocol_args FROM trials t JOIN run_trials USING (trial)
JOIN run_reservations USING (reservation) JOIN episodes e ON e.trial = t.trial
WHERE role = 'validation' AND policy_sha256 = ? ORDER BY e.episode
"""
_SEARCHED = """
SELECT sha256, source FROM policies WHERE sha256 IN (SELECT t.policy_sha256 FROM trials t JOIN run_trials USING (trial)
    JOIN run_reservations USING (reservation) WHERE role = 'search')
"""
_RESERVATIONS = """
SELECT reservation, operation, role, coalesce(steps, reserved) AS steps, model_steps FROM run_reservations ORDER BY reservation
"""


def gather(run: Run) -> RunRecord:
    """Return everything of a run that a report shows; the run may be going on.

    Raises:
        LedgerError: its ledger cannot be read.
    """
    path, versions = run.ledger.path, run.ledger.versions()  # before the rest: what a version names is then there
    with explained("read", path), closing(connect(path, read_only=True)) as db:
        db.execute("BEGIN")  # all of one moment, whatever is written meanwhile
        return _Books(run, db, versions).record()


@dataclass(frozen=True)
class _Mark:
    """Where a reservation ended: what had been taken by then, and when."""

    env_steps: int
    episodes: int
    at: float | None


class _Books:
    """The rows of one run's ledger, and what follows from them."""

    def __init__(self, run: Run, db: Connection, versions: list[Version]) -> None:
        self._run, self._ledger, self._db, self._versions = run, run.ledger, db, versions
        self._meta = {row["key"]: row["value"] for row in self._rows("SELECT key, value FROM meta")}
        self._hidden = HIDDEN.get(self._value("status"), ())
        self._trials = self._rows(_TRIALS)
        self._operations = {row["operation"]: row for row in self._rows("SELECT * FROM run_operations")}
        self._reservations = self._rows(_RESERVATIONS)
        self._charges = self._rows("SELECT at, tokens, money FROM run_charges ORDER BY at, rowid")
        self._sessions = self._rows("SELECT started, seconds FROM run_sessions ORDER BY session")

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._db.execute(query, values).fetchall()

    def _value(self, key: str) -> Any:
        return json.loads(self._meta.get(key, "null"))

    def record(self) -> RunRecord:
        run, ledger = self._run, self._ledger
        champion = next((one for one in self._versions if one.verdict == "champion"), None)
        charged, sealed = ledger.steps()
        return RunRecord(
            folder=run.folder,
            config=run.config,
            status=self._value("status"),
            over=self._value("over"),
            created=float(self._value("created")),
            trials=[self._trial(row) for row in self._trials],
            ideas=self._ideas(),
            matrix=forgotten(ledger),
            memory=ledger.memory(),
            train=self._train(champion),
            validation=None if "validation" in self._hidden else self._validation(champion),
            sealed=None if "sealed" in self._hidden else self._sealed(),
            hidden=self._hidden,
            spent=Place(
                charged,
                sum(row["episodes"] for row in self._trials if row["role"] != "sealed"),
                ledger.wall_s(),
                *ledger.charged(),
                ledger.model_steps(),
            ),
            sealed_steps=sealed,
            sealed_model_steps=None
            if "sealed" in self._hidden
            else (self._value("confirmed") or {}).get("model_steps"),
            steps_by_role=ledger.steps_by_role(),
            steps_per_s=self._steps_per_s(),
            walls=walls(self._trials),
            versions=self._libraries(),
            commitment=str(self._value("commitment")),
            secret=None if "sealed" in self._hidden else self._value("secret"),
        )

    def _trial(self, row: Any) -> Trial:
        seen = row["split"] not in self._hidden
        score, low, high = (_known(row[name]) if seen else None for name in ("score_mean", "ci_low", "ci_high"))
        search = self._search(row) if row["role"] == "search" else ("", "", None)
        return Trial(
            row["trial"], row["population"], row["role"], row["protocol"], row["status"], row["version"], score, low, high,
            row["env_steps"], row["episodes"], row["wall_s"], row["error"], row["notes"], *search,
        )  # fmt: skip

    def _search(self, row: Any) -> tuple[str, str, Place]:
        """Return what a row of a search tried, the hypothesis of its search, and what the run had taken when it was played."""
        words = tried(json.loads(row["params"]), self._defaults.get(row["policy_sha256"], {}))
        request = json.loads(self._operations[row["operation"]]["request"])
        return words, str(request.get("hypothesis") or "parameter search"), self._place_at(row["reservation"])

    @cached_property
    def _defaults(self) -> dict[str, dict[str, Number]]:
        """Default values of the policies that were searched, by their hash."""
        return {row["sha256"]: defaults_of(row["source"]) for row in self._rows(_SEARCHED)}

    def _steps_per_s(self) -> float:
        timed = [row for row in self._trials if row["wall_s"]]
        seconds = sum(row["wall_s"] for row in timed)
        return sum(row["env_steps"] for row in timed) / seconds if seconds else 0.0

    def _libraries(self) -> dict[str, Any]:
        rows = self._rows("SELECT versions FROM trials ORDER BY trial DESC LIMIT 1")
        return json.loads(rows[0]["versions"]) if rows else {}

    # ------------------------------------------------------------------ versions

    def _ideas(self) -> list[Idea]:
        costs = self._costs(self._versions)
        steps, planned = defaultdict[int, dict[str, int]](dict), dict[int, int | None]()
        for row in self._reservations:
            mine = steps[row["operation"]]
            mine[row["role"]] = mine.get(row["role"], 0) + row["steps"]
            planned[row["operation"]] = summed((planned.get(row["operation"]), row["model_steps"]))
        return [
            Idea(
                one.version, one.parent, one.hypothesis, one.reason, one.verdict, one.reign, _known(one.score), one.complexity,
                one.trial, one.policy_sha256, one.source, self._difference(one), self._place(one),
                steps[one.operation], planned.get(one.operation), *costs[one.version], self._ended(one),
            )
            for one in self._versions
        ]  # fmt: skip

    @cached_property
    def _trained(self) -> Mapping[int, Mapping[int, float]]:
        """Train returns by version and episode."""
        found = defaultdict[int, dict[int, float]](dict)
        for version, episode, ret in self._rows(_TRAINED):
            if _known(ret) is not None:
                found[version][episode] = ret
        return found

    def _difference(self, one: Version) -> Difference | None:
        if one.parent is None:
            return None
        return paired(self._trained.get(one.version, {}), self._trained.get(one.parent, {}))

    def _ended(self, one: Version) -> float | None:
        row = self._operations.get(one.operation)
        return None if row is None else row["finished"]

    @cached_property
    def _marks(self) -> dict[int, _Mark]:
        """By reservation; sealed reads take nothing."""
        episodes, ends = defaultdict[int, int](int), dict[int, float]()
        for row in self._trials:
            if row["role"] != "sealed" and row["reservation"] is not None:
                episodes[row["reservation"]] += row["episodes"]
                ends[row["reservation"]] = max(ends.get(row["reservation"], 0.0), row["finished"] or row["started"])
        numbers = [row["reservation"] for row in self._reservations]
        steps = accumulate(0 if row["role"] == "sealed" else row["steps"] for row in self._reservations)
        played = accumulate(episodes[number] for number in numbers)
        return {
            number: _Mark(mine, so_far, ends.get(number))
            for number, mine, so_far in zip(numbers, steps, played, strict=True)
        }

    @cached_property
    def _last_reservation(self) -> tuple[list[int], list[int]]:
        """Operations in order, and the number of the last reservation of each."""
        last = {row["operation"]: row["reservation"] for row in self._reservations}
        ordered = sorted(last)
        return ordered, [last[operation] for operation in ordered]

    @cached_property
    def _reservation_of(self) -> dict[int, int]:
        return {row["trial"]: row["reservation"] for row in self._trials}

    def _place(self, one: Version) -> Place:
        """What the run had taken when a version's train episodes were over; or its operation, where it has none."""
        reservation = self._reservation_of.get(one.trial) if one.trial else None
        if reservation is None:
            operations, last = self._last_reservation
            at = bisect_right(operations, one.operation)
            reservation = last[at - 1] if at else None
        mark = self._marks.get(reservation or 0, _Mark(0, 0, None))
        when = mark.at if one.trial and mark.at is not None else self._ended(one) or mark.at or 0.0
        return self._taken(mark, when)

    def _place_at(self, reservation: int) -> Place:
        """What the run had taken when a reservation's episodes were over."""
        mark = self._marks[reservation]
        return self._taken(mark, mark.at or 0.0)

    def _taken(self, mark: _Mark, when: float) -> Place:
        return Place(mark.env_steps, mark.episodes, self._worked(when), *self._charged(when))

    def _worked(self, at: float) -> float:
        """Return the seconds that supervisors had worked on the run at a time."""
        return sum(max(0.0, min(at - row["started"], row["seconds"])) for row in self._sessions)

    @cached_property
    def _charge_sums(self) -> tuple[list[float], list[int | None], list[float | None]]:
        times = [row["at"] for row in self._charges]
        return times, _sums(self._charges, "tokens"), _sums(self._charges, "money")

    def _charged(self, at: float) -> tuple[int | None, float | None]:
        times, tokens, money = self._charge_sums
        place = bisect_right(times, at)
        return tokens[place], money[place]

    def _costs(self, versions: list[Version]) -> dict[int, tuple[int | None, float | None]]:
        """Return what was charged for each version since the one before it."""
        found, before = dict[int, tuple[int | None, float | None]](), self._charged(0.0)
        for one in sorted(versions, key=lambda one: (one.operation, one.version)):
            now = self._charged(self._ended(one) or float("inf"))
            found[one.version] = (_less(now[0], before[0]), _less(now[1], before[1]))
            before = now
        return found

    # ------------------------------------------------------------------ the champion's episodes

    def _train(self, champion: Version | None) -> Sample | None:
        if champion is None or champion.trial is None:
            return None
        row = next(row for row in self._trials if row["trial"] == champion.trial)
        returns = self._trained.get(champion.version, {})
        exact = self._run.config.deterministic and len(returns) == 1
        return Sample.of(row["protocol"], row["protocol_args"], list(returns.values()), exact)

    def _validation(self, champion: Version | None) -> Sample | None:
        rows = self._rows(_VALIDATED, champion.policy_sha256) if champion else []
        if not rows:
            return None
        return Sample.of(
            rows[0]["protocol"],
            rows[0]["protocol_args"],
            [row["ret"] for row in rows if _known(row["ret"]) is not None],
        )

    def _sealed(self) -> Sample | None:
        card = self._value("confirmed")
        if card is None or _known(card["score_mean"]) is None:
            return None
        rules = json.dumps(card["protocol_args"], sort_keys=True)
        return Sample.of(card["protocol"], rules, card["returns"], card["whole_population"])


def _known(score: float | None) -> float | None:
    """Return a score that can be drawn and squared; None for infinite ones, and for those beyond all sense."""
    return score if score is not None and abs(score) < 1e150 else None


def _sums(rows: list[Any], name: str) -> list[Any]:
    """Return what was charged before each row and after the last; None all along where nothing was ever said about it."""
    values = [row[name] for row in rows]
    if all(value is None for value in values):
        return [None] * (len(values) + 1)
    return list(accumulate((value or 0 for value in values), initial=0))


def _less(now: Any, before: Any) -> Any:
    return None if now is None else now - (before or 0)
