"""Mends the books of a damaged ledger: rows that refer to lost ones get stand-ins, so that what they cost stays counted."""

import contextlib
from pathlib import Path

from fastheur.database import Connection, connect
from fastheur.ledger_books import LOST, UNFIT, knows_actions

_NO_EPISODE = "NOT EXISTS (SELECT 1 FROM episodes e WHERE e.trial = r.trial AND e.episode = r.episode)"

_STEPS = (
    (True, "episodes recovered from the results that the run keeps of them", f"""
        INSERT OR IGNORE INTO episodes
        SELECT r.trial, coalesce(t.split, json_extract(r.setting, '$[2]'), 'train'), r.episode,
            json_extract(result, '$.ret'), json_extract(result, '$.length'), json_extract(result, '$.terminated'),
            json_extract(result, '$.lives_lost'), json_extract(result, '$.last_reward_step'),
            json_extract(result, '$.action_hash'), json_extract(result, '$.model_steps')
        FROM run_episodes r LEFT JOIN trials t USING (trial) WHERE json_valid(result) AND {_NO_EPISODE}"""),
    (True, "kept results left out, whose episodes are lost: they can be played again", f"""
        DELETE FROM run_episodes AS r WHERE NOT json_valid(result) OR {_NO_EPISODE}"""),
    (False, "trials stand in for lost ones, with the env steps of their episodes", f"""
        INSERT INTO trials (trial, started, finished, status, name, env_id, obs_mode, protocol, split, protocol_args,
            policy_sha256, params, warm, isolation, debug, slots, threads, versions, notes, env_steps, episodes, error)
        SELECT trial, 0, 0, 'interrupted', 'lost', 'lost', 'lost', 'lost', coalesce(max(split), 'lost'), '{{}}', 'lost',
            '{{}}', 0, 'lost', 0, 0, 0, '{{}}', '', coalesce(sum(length), 0), count(length),
            '{LOST}this row stands in for it, its episodes are what is left'
        FROM (SELECT trial, split, length FROM episodes UNION ALL SELECT trial, NULL, NULL FROM sealed_reads__OF_RUN_TRIALS__)
        WHERE trial NOT IN (SELECT trial FROM trials) GROUP BY trial"""),
    (False, "policies whose text is lost", f"""
        INSERT INTO policies SELECT DISTINCT policy_sha256, '{LOST}its text', '' FROM (
            SELECT policy_sha256 FROM trials__OF_VERSIONS__) WHERE policy_sha256 NOT IN (SELECT sha256 FROM policies)"""),
    (True, "operations stand in for lost ones", """
        INSERT INTO run_operations SELECT DISTINCT operation, 'lost', '{}', 'interrupted', NULL, 0, 0 FROM (
            SELECT operation FROM run_reservations UNION SELECT operation FROM run_versions
            UNION SELECT operation FROM run_memory) WHERE operation NOT IN (SELECT operation FROM run_operations)"""),
    (True, "reservations stand in for lost ones, with the env steps of their trials", """
        INSERT INTO run_reservations
        SELECT reservation, (SELECT max(operation) FROM run_operations), 'lost', total, total, planned FROM (
            SELECT reservation, sum(coalesce(env_steps, 0)) AS total, sum(model_steps) AS planned
            FROM run_trials JOIN trials USING (trial)
            GROUP BY reservation) WHERE reservation NOT IN (SELECT reservation FROM run_reservations)"""),
    (True, "trials given the rest of what their reservations were settled with", f"""
        UPDATE trials SET env_steps = env_steps + (
            SELECT r.steps - sum(t.env_steps) FROM run_trials mine JOIN run_reservations r USING (reservation)
            JOIN run_trials o USING (reservation) JOIN trials t ON t.trial = o.trial WHERE mine.trial = trials.trial)
        WHERE trial IN (
            SELECT min(t.trial) FROM run_trials JOIN run_reservations r USING (reservation) JOIN trials t USING (trial)
            WHERE r.steps NOT NULL AND error GLOB '{LOST}*' GROUP BY reservation)
        AND 0 < (SELECT r.steps - sum(t.env_steps) FROM run_trials mine JOIN run_reservations r USING (reservation)
            JOIN run_trials o USING (reservation) JOIN trials t ON t.trial = o.trial WHERE mine.trial = trials.trial)"""),
    (True, "outcomes of lost golden cases or versions left out", """
        DELETE FROM run_outcomes WHERE name NOT IN (SELECT name FROM run_golden)
        OR version NOT IN (SELECT version FROM run_versions)"""),
    (True, "references of versions to lost trials or parents left out", """
        UPDATE run_versions SET trial = iif(trial IN (SELECT trial FROM trials), trial, NULL),
            parent = iif(parent IN (SELECT version FROM run_versions), parent, NULL)
        WHERE trial NOT IN (SELECT trial FROM trials) OR parent NOT IN (SELECT version FROM run_versions)"""),
    (False, "trials interrupted that nobody plays any more", """
        UPDATE trials SET status = 'interrupted', finished = strftime('%s', 'now') + 0.0, error = 'cut off',
            env_steps = (SELECT coalesce(sum(length), 0) FROM episodes e WHERE e.trial = trials.trial),
            model_steps = (SELECT sum(model_steps) FROM episodes e WHERE e.trial = trials.trial),
            episodes = (SELECT count(*) FROM episodes e WHERE e.trial = trials.trial)
        WHERE status = 'running'__UNSETTLED__"""),
    (False, "trials have lost some of their episodes; their scores are of all of them", f"""
        UPDATE trials SET error = '{LOST}' || (episodes - (SELECT count(*) FROM episodes e WHERE e.trial = trials.trial))
            || ' of ' || episodes || ' episodes' || coalesce('; ' || error, '')
        WHERE episodes > (SELECT count(*) FROM episodes e WHERE e.trial = trials.trial)"""),
)  # fmt: skip
"""Only in a run; what is said of the rows that it changes; and the change."""

_OF_A_RUN = {
    "__OF_RUN_TRIALS__": " UNION ALL SELECT trial, NULL, NULL FROM run_trials",
    "__OF_VERSIONS__": " UNION SELECT policy_sha256 FROM run_versions",
    "__UNSETTLED__": " AND trial NOT IN (SELECT trial FROM run_trials JOIN run_reservations USING (reservation) "
    "WHERE steps IS NULL)",
}
"""What a run's own tables add to a statement."""


def adopt(path: Path, run: bool) -> list[str]:
    """Mend the books of a ledger that nobody else has open, in one transaction; return what was done, in words.

    Args:
        run: it has a run's tables.

    Raises:
        DatabaseError: it cannot be read or written; nothing was changed.
    """
    done = []
    with contextlib.closing(connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        for only_run, words, statement in _STEPS:
            if only_run and not run:
                continue
            for mark, more in _OF_A_RUN.items():
                statement = statement.replace(mark, more if run else "")
            changed = db.execute(statement).rowcount
            if changed:
                done.append(f"{changed:,} {words}")
        unfit = _without_unfit_actions(db)
        if unfit:
            done.append(f"{unfit:,} kept actions left out, that are not those of an episode")
        db.execute("COMMIT")
    return done


def _without_unfit_actions(db: Connection) -> int:
    if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'actions'").fetchone()[0]:  # an older ledger
        return 0
    knows_actions(db)
    found = db.execute(
        "SELECT a.rowid FROM actions a LEFT JOIN episodes e ON e.trial = a.trial AND e.episode = a.episode "
        f"WHERE {UNFIT}"
    ).fetchall()
    db.executemany("DELETE FROM actions WHERE rowid = ?", map(tuple, found))
    return len(found)
