"""A small finished run for tests of what looks at runs afterwards, as it is at its end and as it was while it was open."""

import shutil
from contextlib import closing

import pytest
from labs import START, STRONG, config, play_here, tried

from fastheur.database import connect
from fastheur.learning import begin, confirm

SLIPS = START.replace("    lean =", "    if info.elapsed >= 20:\n        return 7\n    lean =", 1)
"""Fails in every episode after 20 steps."""


def make_run(folder):
    """A run of a weak start, a strong version, a search and a version that fails; its copy while open beside it."""
    patch = pytest.MonkeyPatch()
    play_here(patch)
    lab = begin(config(search_stall=None), folder / "one")
    try:
        tried(lab, STRONG, "lean")
        tried(lab, SLIPS, "slips")
        lab.call("search", {"source": START, "steps": 2_000, "hypothesis": "tune"})
        shutil.copytree(folder / "one", folder / "open")
        lab.call("finish", {"reason": "enough"})
        confirm(lab)
    finally:
        lab.close()
        patch.undo()
    return folder / "one"


def rows(folder, query, *values):
    """Rows of a run's ledger."""
    with closing(connect(folder / "ledger.db")) as db:
        return [dict(row) for row in db.execute(query, values)]


def change(folder, statement, *values):
    """Change a run's ledger behind its back."""
    with closing(connect(folder / "ledger.db")) as db:
        db.execute(statement, values)


def trials_of(folder, role):
    """Numbers of the trials that were played in a role."""
    query = "SELECT trial FROM run_trials JOIN run_reservations USING (reservation) WHERE role = ? ORDER BY trial"
    return [row["trial"] for row in rows(folder, query, role)]
