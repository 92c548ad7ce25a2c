"""What stands in the tables of a run: a query each, and the kinds of its columns in order."""

from dataclasses import dataclass

PARAMS = "params"
"""The column with a policy's parameters as JSON; each also has a column ``params.NAME`` of its own."""


@dataclass(frozen=True)
class Query:
    """A query, and its columns: int, float, text, bool, time (seconds since 1970), json (as text)."""

    text: str
    columns: dict[str, str]


def _columns(words: str) -> dict[str, str]:
    """Return ``name:kind`` words as a mapping; a name alone is text."""
    return {name: kind or "text" for name, _, kind in (word.partition(":") for word in words.split())}


_CHARGED = "iif(role = 'sealed', 0, coalesce(steps, reserved))"
"""Env steps of a reservation that count for the budget: an open one in full, sealed reads not at all."""

QUERIES = {
    "trials": Query(
        f"""
        WITH known AS (
            SELECT trial, sum(length) AS steps, sum(model_steps) AS planned, count(*) AS episodes FROM episodes GROUP BY trial
        ), before AS (
            SELECT reservation, sum({_CHARGED}) OVER (ORDER BY reservation) - {_CHARGED} AS charged FROM run_reservations
        )
        SELECT t.trial, t.population, role, r.operation, version, hypothesis, verdict, reason, t.started, t.finished, t.status,
            t.name, p.name, t.policy_sha256, env_id, obs_mode, protocol, split, protocol_args, params,
            coalesce(env_steps, known.steps), coalesce(t.episodes, known.episodes),
            coalesce(before.charged, 0) + sum(iif(role IS 'sealed', 0, coalesce(env_steps, known.steps, 0))) OVER (
                PARTITION BY r.reservation, iif(r.reservation IS NULL, env_id || ' ' || obs_mode, '') ORDER BY t.trial),
            coalesce(t.model_steps, known.planned), wall_s, cpu_s, tokens, money, score_mean, score_min, score_max, score_iqm,
            ci_low, ci_high, hns_mean, error, stop, warm, debug, isolation, landlock, seccomp, slots, threads, versions, notes
        FROM trials t JOIN policies p ON p.sha256 = t.policy_sha256
        LEFT JOIN run_trials USING (trial) LEFT JOIN run_reservations r USING (reservation)
        LEFT JOIN before USING (reservation) LEFT JOIN run_versions v ON v.policy_sha256 = t.policy_sha256
        LEFT JOIN known ON known.trial = t.trial ORDER BY t.trial""",
        _columns(
            "trial:int population:int role operation:int version:int hypothesis verdict reason started:time finished:time "
            "status name policy policy_sha256 env_id obs_mode protocol split protocol_args:json params:json env_steps:int "
            "episodes:int cumulative_env_steps:int model_steps:int wall_s:float cpu_s:float tokens:int money:float "
            "score_mean:float score_min:float score_max:float score_iqm:float ci_low:float ci_high:float hns_mean:float "
            "error stop warm:bool debug:bool isolation landlock:int seccomp slots:int threads:int software:json notes"
        ),
    ),
    "episodes": Query(
        """
        SELECT e.trial, e.episode, version, role, e.split, t.protocol, ret, e.length, e.terminated, e.lives_lost,
            nullif(e.last_reward_step, -1), json_extract(k.result, '$.best'), json_extract(k.result, '$.worst'),
            json_extract(k.result, '$.discounted'), json_extract(k.result, '$.random'), json_extract(k.result, '$.unplayed') > 0,
            e.model_steps, e.action_hash
        FROM episodes e JOIN trials t USING (trial) LEFT JOIN run_versions v USING (policy_sha256)
        LEFT JOIN run_trials USING (trial) LEFT JOIN run_reservations USING (reservation)
        LEFT JOIN run_episodes k ON k.trial = e.trial AND k.episode = e.episode ORDER BY e.trial, e.episode""",
        _columns(
            "trial:int episode:int version:int role split protocol return:float length:int terminated:bool lives_lost:int "
            "last_reward_step:int best:float worst:float discounted:float random:bool cut:bool model_steps:int action_hash"
        ),
    ),
    "versions": Query(
        f"""
        SELECT version, 'v' || version, parent, v.operation, hypothesis, verdict, reason, reign, score, complexity, trial,
            o.started, (SELECT sum({_CHARGED}) FROM run_reservations r WHERE r.operation <= v.operation), policy_sha256, source
        FROM run_versions v JOIN policies ON sha256 = policy_sha256 LEFT JOIN run_operations o USING (operation)
        ORDER BY version""",
        _columns(
            "version:int name parent:int operation:int hypothesis verdict reason reign:int score:float complexity:int "
            "trial:int started:time cumulative_env_steps:int policy_sha256 source"
        ),
    ),
    "operations": Query(
        f"""
        SELECT o.operation, name, status, started, finished, (SELECT sum({_CHARGED}) FROM run_reservations r
            WHERE r.operation = o.operation), request, json_extract(answer, '$.text'), json_extract(answer, '$.data')
        FROM run_operations o ORDER BY o.operation""",
        _columns("operation:int name status started:time finished:time env_steps:int request:json answer data:json"),
    ),
    "golden": Query(
        """
        SELECT name, json_extract(content, '$.version'), json_extract(content, '$.by'), json_extract(content, '$.protocol'),
            json_extract(content, '$.split'), json_extract(content, '$.index'), json_extract(content, '$.max_steps'),
            json_extract(content, '$.floor'), json_extract(content, '$.outcome')
        FROM run_golden ORDER BY rowid""",
        _columns("case version:int by protocol split episode:int max_steps:int floor:float outcome:float"),
    ),
    "outcomes": Query(
        """
        SELECT name, version, outcome, json_extract(content, '$.floor'), outcome >= json_extract(content, '$.floor')
        FROM run_outcomes JOIN run_golden USING (name) ORDER BY version, run_golden.rowid""",
        _columns("case version:int outcome:float floor:float kept:bool"),
    ),
    "memory": Query(
        "SELECT entry, kind, text, at, operation FROM run_memory ORDER BY entry",
        _columns("entry:int kind text at:time operation:int"),
    ),
    "charges": Query(
        "SELECT at, tokens, money FROM run_charges ORDER BY rowid",
        _columns("at:time tokens:int money:float"),
    ),
    "reservations": Query(
        f"""
        SELECT reservation, operation, o.name, role, reserved, steps, model_steps, sum({_CHARGED}) OVER (ORDER BY reservation)
        FROM run_reservations LEFT JOIN run_operations o USING (operation) ORDER BY reservation""",
        _columns(
            "reservation:int operation:int name role reserved:int steps:int model_steps:int cumulative_env_steps:int"
        ),
    ),
}
"""By the tables' names.

``role`` says what a trial or an episode was played for (train, validation, golden, search, sealed ...), ``version`` whose
text was played: ``hypothesis``, ``verdict`` and ``reason`` of a trial are that version's, also where a search tried other
parameters on it. ``cumulative_env_steps`` are those charged to the run's budget when a trial, a version's operation or a
reservation ended, probes and traces included and sealed reads not; in a ledger of no run, those of the trials of the same
task and mode. ``case`` is a golden case's name. ``last_reward_step`` is null in an episode without a reward, ``parent`` for
a version that has none.
"""
