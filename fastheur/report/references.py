"""Published scores to draw beside a run's: the record, and on Atari random play, people and networks."""

from dataclasses import dataclass

from fastheur.tasks import atari_table, references

_COLUMNS = {
    "random": "random",
    "human": "human",
    "ppo_40M_frames": "PPO, 40M frames",
    "rainbow_200M_frames": "Rainbow, 200M frames",
}
"""Columns of the Atari table, and what a line is called."""


@dataclass(frozen=True)
class Line:
    """A score to compare with: ``kind`` is ``record``, ``human``, ``random`` or ``network``; ``source`` says whose."""

    label: str
    score: float
    kind: str
    source: str


def lines_for(env_id: str) -> list[Line]:
    """Return the reference lines of a task, the record first."""
    found = []
    record = references().get(env_id)
    if record is not None:
        label = "threshold" if "threshold" in record.source else "record"
        found.append(Line(label, record.score, "record", f"{record.source}; {record.protocol}"))
    row = atari_table().get(env_id, {})
    for column, label in _COLUMNS.items():
        if row.get(column):
            kind = column if column in ("random", "human") else "network"
            found.append(Line(label, float(row[column]), kind, "canonical Atari table, a protocol of its own"))
    return found
