"""Plays every recorded episode of a run (or of any ledger) again, bare, and compares the action hashes.

    python bench/replays.py RUN [ISOLATION]

The first episode that comes out otherwise ends it with an error that says how.
"""

import sys
import tempfile
import time
from pathlib import Path

from fastheur.recall_rows import open_rows
from fastheur.replays import replay


def main(run: str, isolation: str = "none") -> None:
    """Print what was played, and how long it took."""
    with open_rows(run) as rows:
        path, trials = rows.path, [trial["trial"] for trial in rows.trials() if not trial["warm"]]
        episodes = [(trial, index) for trial in trials for index in rows.episodes([trial])]
    began, steps = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for done, (trial, index) in enumerate(episodes, 1):
            made = replay(
                path if Path(run).is_file() else run, trial=trial, episode=index, out=folder, isolation=isolation,
                video=False, sheet=False, trace=None,
            )  # fmt: skip
            assert made.facts["action_hash_equal"], made.facts
            steps += made.facts["env_steps"]
            print(f"\r{done} of {len(episodes)}", end="", file=sys.stderr)
    seconds = time.perf_counter() - began
    print(
        f"\n{len(episodes)} episodes of {len(trials)} trials: all action hashes equal; {steps:,} env steps, {seconds:.0f} s."
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
