"""What must hold between the rows of a sound ledger, as queries that find the rows for which it does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from fastheur.action_log import hash_in
from fastheur.database import Connection, DatabaseError
from fastheur.seeds import commitment

Kind = Literal["damage", "books", "cut off", "note"]

LOST = "lost: "
"""How the error of a trial begins that lost rows in a damage, or stands in for a lost one: a note, no finding any more."""

UNFIT = "hash_in(blob) IS NOT action_hash"
"""Condition for kept actions that are not those of their episode; :func:`knows_actions` gives SQLite the function."""

_MOST = 5
"""Rows of a kind that are named."""


@dataclass(frozen=True)
class Finding:
    """Something found in a ledger: damage of the file, books that do not add up, work that was cut off; or a mere note."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Rule:
    """A query for rows that should not be, and what is said of each."""

    kind: Kind
    text: str
    query: str


LEDGER_RULES = (
    Rule("cut off", "trial {trial} ({name}) is still running, and nobody plays it",
         "SELECT trial, name FROM trials WHERE status = 'running'"),
    Rule("books", "trial {trial} is {status}, and says that it ended at {finished}",
         "SELECT trial, status, finished FROM trials WHERE (status = 'running') != (finished IS NULL)"),
    Rule("books", "trial {trial} says {said} episodes, and {found} are there",
         "SELECT t.trial, t.episodes AS said, count(e.episode) AS found FROM trials t LEFT JOIN episodes e USING (trial) "
         f"WHERE status != 'running' AND ifnull(t.error, '') NOT GLOB '{LOST}*' GROUP BY t.trial HAVING said IS NOT found"),
    Rule("books", "trial {trial} says {said} env steps, and its episodes took {found}",
         "SELECT t.trial, env_steps AS said, ifnull(sum(length), 0) AS found FROM trials t LEFT JOIN episodes e USING (trial) "
         "WHERE status != 'running' GROUP BY t.trial HAVING said IS NULL OR said < found"),
    Rule("books", "trial {trial} says {said} model steps, and its episodes took {found}",
         "SELECT t.trial, t.model_steps AS said, sum(e.model_steps) AS found FROM trials t JOIN episodes e USING (trial) "
         "WHERE status != 'running' GROUP BY t.trial HAVING found > ifnull(said, -1)"),
    Rule("books", "trial {trial} is finished and has no score",
         "SELECT trial FROM trials WHERE status = 'finished' AND score_mean IS NULL AND stop IS NULL"),
    Rule("books", "trial {trial} is {status} and has a score, {score_mean}",
         "SELECT trial, status, score_mean FROM trials WHERE status != 'finished' AND score_mean IS NOT NULL"),
    Rule("books", "trial {trial} has the score {said}, and its episodes have {found}",
         "SELECT t.trial, score_mean AS said, avg(ret) AS found FROM trials t JOIN episodes e USING (trial) "
         f"WHERE score_mean IS NOT NULL AND ifnull(t.error, '') NOT GLOB '{LOST}*' GROUP BY t.trial "
         "HAVING abs(said - found) > 1e-9 * (1 + max(abs(ret))) OR score_min != min(ret) OR score_max != max(ret)"),
    Rule("books", "episode {episode} of trial {trial} is of the split {split}, the trial of {other}",
         "SELECT e.trial, episode, e.split, t.split AS other FROM episodes e JOIN trials t USING (trial) "
         "WHERE e.split != t.split"),
    Rule("books", "episode {episode} of trial {trial} is there {n} times",
         "SELECT trial, episode, count(*) AS n FROM episodes NOT INDEXED GROUP BY trial, episode HAVING n > 1"),
    Rule("books", "the actions kept of episode {episode} of trial {trial} are not those of its hash, {said}",
         "SELECT a.trial, a.episode, coalesce(action_hash, 'which is lost') AS said FROM actions a "
         f"LEFT JOIN episodes e ON e.trial = a.trial AND e.episode = a.episode WHERE {UNFIT}"),
    Rule("books", "trial {trial} is of the split {split}, and its sealed read is {logged}",
         "SELECT t.trial, split, iif(s.trial IS NULL, 'not logged', 'logged') AS logged FROM trials t LEFT JOIN "
         "sealed_reads s USING (trial) "
         f"WHERE (split = 'sealed') != (s.trial IS NOT NULL) AND ifnull(t.error, '') NOT GLOB '{LOST}*'"),
    Rule("books", "trial {trial} has settings that are no JSON",
         "SELECT trial FROM trials WHERE NOT (json_valid(protocol_args) AND json_valid(params) AND json_valid(versions))"),
    Rule("note", "the text of policy {sha256} was lost",
         f"SELECT sha256 FROM policies WHERE name GLOB '{LOST}*'"),
    Rule("note", "trial {trial}: {error}",
         f"SELECT trial, error FROM trials WHERE error GLOB '{LOST}*'"),
)  # fmt: skip

RUN_RULES = (
    Rule("cut off", "reservation {reservation} ({role}, {reserved} env steps) was never settled",
         "SELECT * FROM run_reservations WHERE steps IS NULL"),
    Rule("cut off", "operation {operation} ({name}) is still open, and nobody works on it",
         "SELECT operation, name FROM run_operations WHERE status = 'open'"),
    Rule("books", "reservation {reservation} is settled, and its trial {trial} still runs",
         "SELECT reservation, trial FROM run_reservations JOIN run_trials USING (reservation) JOIN trials USING (trial) "
         "WHERE steps IS NOT NULL AND status = 'running'"),
    Rule("books", "reservation {reservation} was settled with {steps} env steps, and its trials took {found}",
         "SELECT reservation, steps, sum(env_steps) AS found FROM run_reservations JOIN run_trials USING (reservation) "
         "JOIN trials USING (trial) WHERE steps IS NOT NULL GROUP BY reservation "
         "HAVING steps != found AND count(*) = count(env_steps)"),
    Rule("books", "reservation {reservation} is of {reserved} env steps, and {steps} were taken",
         "SELECT * FROM run_reservations WHERE steps > reserved OR steps < 0 OR reserved < 0"),
    Rule("books", "no reservation pays for trial {trial}",
         "SELECT trial FROM trials WHERE trial NOT IN (SELECT trial FROM run_trials) "
         f"AND ifnull(error, '') NOT GLOB '{LOST}*'"),
    Rule("books", "the kept result of episode {episode} of trial {trial} is not what the episode says",
         "SELECT r.trial, r.episode FROM run_episodes r LEFT JOIN episodes e ON e.trial = r.trial AND e.episode = r.episode "
         "WHERE NOT json_valid(result) OR e.trial IS NULL OR json_extract(result, '$.ret') IS NOT ret "
         "OR json_extract(result, '$.length') IS NOT length OR json_extract(result, '$.action_hash') IS NOT action_hash "
         "OR json_extract(result, '$.model_steps') IS NOT model_steps"),
    Rule("books", "version v{version} has a policy that is not there, {policy_sha256}",
         "SELECT * FROM run_versions WHERE policy_sha256 NOT IN (SELECT sha256 FROM policies)"),
    Rule("books", "version v{version} names a parent, an operation or a trial that is not there",
         "SELECT version FROM run_versions WHERE operation NOT IN (SELECT operation FROM run_operations) "
         "OR parent NOT IN (SELECT version FROM run_versions) OR trial NOT IN (SELECT trial FROM trials)"),
    Rule("books", "v{version} is the champion of reign {reign}, and the last reign is {last}",
         "SELECT version, reign, (SELECT max(reign) FROM run_versions) AS last FROM run_versions "
         "WHERE verdict = 'champion' AND reign IS NOT last"),
    Rule("books", "there are {reigns} reigns and {champions} champions now",
         "SELECT max(reign) AS reigns, sum(verdict = 'champion') AS champions FROM run_versions "
         "GROUP BY NULL HAVING champions != (reigns IS NOT NULL)"),
    Rule("books", "golden case {name} is no JSON, or of a version that is not there",
         "SELECT name FROM run_golden WHERE iif(json_valid(content), json_extract(content, '$.version') NOT IN "
         "(SELECT 0 UNION SELECT version FROM run_versions), 1)"),
    Rule("books", "memory entry {entry} is of operation {operation}, which is not there",
         "SELECT entry, operation FROM run_memory WHERE operation NOT IN (SELECT operation FROM run_operations)"),
    Rule("books", "the run's value {key} is no JSON",
         "SELECT key FROM meta WHERE NOT json_valid(value)"),
    Rule("note", "reservation {reservation} stands in for one that was lost, with {steps} env steps",
         "SELECT reservation, steps FROM run_reservations WHERE role = 'lost'"),
)  # fmt: skip
"""Beside :data:`LEDGER_RULES`, in the ledger of a run."""


def knows_actions(db: Connection) -> None:
    """Let statements call :func:`fastheur.action_log.hash_in`."""
    db.create_function("hash_in", 1, hash_in, deterministic=True)


def broken_rules(db: Connection, run: bool) -> Iterator[Finding]:
    """Yield what the rules find, and each policy and sealed read whose hash is not its own."""
    knows_actions(db)
    for rule in LEDGER_RULES + (RUN_RULES if run else ()):
        try:
            yield from _broken(db, rule)
        except DatabaseError as error:
            yield Finding("damage", f"it cannot be told whether {rule.text.split('{')[0].strip()} ...: {error}")
    yield from _wrong_hashes(db)


def _broken(db: Connection, rule: Rule) -> Iterator[Finding]:
    rows = [dict(row) for row in db.execute(rule.query)]
    for row in rows[:_MOST]:
        yield Finding(rule.kind, rule.text.format(**row))
    if len(rows) > _MOST:
        yield Finding(rule.kind, f"... and {len(rows) - _MOST:,} more of these")


def _wrong_hashes(db: Connection) -> Iterator[Finding]:
    try:
        for name, key, source in db.execute("SELECT name, sha256, source FROM policies"):
            if sha256(source.encode()).hexdigest() != key and not name.startswith(LOST):
                yield Finding("books", f"the text of policy {name} is not the one of its hash {key}")
        for trial, said, secret in db.execute(
            "SELECT trial, commitment, secret FROM sealed_reads WHERE secret NOT NULL"
        ):
            if commitment(secret) != said:
                yield Finding("books", f"the sealed secret of trial {trial} is not the one that was committed to")
    except DatabaseError as error:
        yield Finding("damage", f"not all policies and sealed reads can be read: {error}")
