"""The ledger's tables: those of every ledger, and those that a run has beside them."""

SCHEMA_VERSION = 4
"""Rises with every change of a table; :mod:`fastheur.migrations` takes older files there."""

RUN_SCHEMA_VERSION = 1
"""Marks a ledger that has a run's tables."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE policies (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE trials (
    trial INTEGER PRIMARY KEY AUTOINCREMENT, population INTEGER,
    started REAL NOT NULL, finished REAL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'interrupted', 'failed')),
    name TEXT NOT NULL, env_id TEXT NOT NULL, obs_mode TEXT NOT NULL, protocol TEXT NOT NULL, split TEXT NOT NULL,
    protocol_args TEXT NOT NULL, policy_sha256 TEXT NOT NULL REFERENCES policies, params TEXT NOT NULL,
    warm INTEGER NOT NULL, isolation TEXT NOT NULL, debug INTEGER NOT NULL,
    slots INTEGER NOT NULL, threads INTEGER NOT NULL, versions TEXT NOT NULL, notes TEXT NOT NULL,
    env_steps INTEGER, model_steps INTEGER, episodes INTEGER, wall_s REAL, cpu_s REAL, tokens INTEGER, money REAL,
    score_mean REAL, score_min REAL, score_max REAL, score_iqm REAL, ci_low REAL, ci_high REAL, hns_mean REAL, error TEXT,
    stop TEXT, landlock INTEGER, seccomp TEXT
);
CREATE TABLE episodes (
    trial INTEGER NOT NULL REFERENCES trials, split TEXT NOT NULL, episode INTEGER NOT NULL,
    ret REAL NOT NULL, length INTEGER NOT NULL, terminated INTEGER NOT NULL, lives_lost INTEGER NOT NULL,
    last_reward_step INTEGER NOT NULL, action_hash TEXT NOT NULL, model_steps INTEGER, PRIMARY KEY (trial, episode)
);
CREATE TABLE sealed_reads (
    trial INTEGER PRIMARY KEY REFERENCES trials, commitment TEXT NOT NULL, secret TEXT, at REAL NOT NULL
);
CREATE TABLE actions (
    trial INTEGER NOT NULL REFERENCES trials, episode INTEGER NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (trial, episode)
);
CREATE INDEX trials_by_task ON trials (env_id, obs_mode, protocol);
"""
"""``stop`` says what cut episodes (``stop_below=300``), ``landlock`` and ``seccomp`` what the policy was shut in with;
``model_steps`` are null where the policy does not plan; ``blob`` is of :mod:`fastheur.action_log`, where the actions
themselves were asked for."""

RUN_TABLES = """
CREATE TABLE run_operations (
    operation INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, request TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'done', 'refused', 'interrupted')),
    answer TEXT, started REAL NOT NULL, finished REAL
);
CREATE TABLE run_reservations (
    reservation INTEGER PRIMARY KEY AUTOINCREMENT, operation INTEGER NOT NULL REFERENCES run_operations,
    role TEXT NOT NULL, reserved INTEGER NOT NULL, steps INTEGER, model_steps INTEGER
);
CREATE TABLE run_trials (
    trial INTEGER PRIMARY KEY REFERENCES trials, reservation INTEGER NOT NULL REFERENCES run_reservations
);
CREATE TABLE run_episodes (
    policy_sha256 TEXT NOT NULL, params TEXT NOT NULL, setting TEXT NOT NULL, episode INTEGER NOT NULL,
    trial INTEGER NOT NULL REFERENCES trials, result TEXT NOT NULL, record TEXT,
    PRIMARY KEY (policy_sha256, params, setting, episode)
);
CREATE TABLE run_versions (
    version INTEGER PRIMARY KEY AUTOINCREMENT, policy_sha256 TEXT NOT NULL UNIQUE, parent INTEGER,
    operation INTEGER NOT NULL, hypothesis TEXT NOT NULL, complexity INTEGER NOT NULL,
    trial INTEGER, score REAL, verdict TEXT NOT NULL DEFAULT 'open', reason TEXT NOT NULL DEFAULT '', reign INTEGER
);
CREATE TABLE run_golden (name TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE run_outcomes (
    name TEXT NOT NULL REFERENCES run_golden, version INTEGER NOT NULL REFERENCES run_versions, outcome REAL NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE run_memory (
    entry INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL, operation INTEGER NOT NULL
);
CREATE TABLE run_charges (at REAL NOT NULL, tokens INTEGER, money REAL);
CREATE TABLE run_kept (place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX run_searches ON run_operations (name) WHERE name = 'search';
CREATE INDEX run_paid ON run_reservations (operation, role, steps);
CREATE INDEX run_unsettled ON run_reservations (reservation) WHERE steps IS NULL;
CREATE INDEX run_roles ON run_reservations (role, reserved, steps);
CREATE INDEX run_payers ON run_trials (reservation);
CREATE INDEX run_champions ON run_versions (version) WHERE verdict = 'champion';
CREATE TABLE run_sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, seconds REAL NOT NULL);
"""

HIDDEN = {"open": ("validation", "sealed"), "over": ("sealed",)}
"""Splits that nobody is shown yet, by a run's status: one could still tune to them, since a run that is over may be taken up again."""
