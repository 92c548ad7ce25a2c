"""What a trial costs beside compiling and stepping, with a resident supervisor: reserve, hand over, record, decide, report.

    python bench/lab_overhead.py [TRIALS]

Every candidate is a text that was never seen; it is compiled before the clock starts, and the seconds that the player spent
on stepping are taken off.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fastheur.budget import Budget
from fastheur.learning import begin
from fastheur.resources import POLICIES
from fastheur.runs import RunConfig
from fastheur.tasks import find_environment, find_protocol

TASKS = (
    ("CartPole-v1", "state", "envpool/CartPole-v1/state.py", None),
    ("atari/pong", "ram", "atari/pong/ram.py", 300),
)


def overheads(env: str, mode: str, policy: str, max_steps: int | None, trials: int) -> np.ndarray:
    """Return the seconds that each of ``trials`` trials took beside compiling and stepping."""
    environment = find_environment(env)
    source = (POLICIES / policy).read_text()
    protocol = find_protocol(None if max_steps is None else "robust", environment, max_steps=max_steps)
    config = RunConfig(environment, mode, protocol, {"name": "script"}, source, policy, Budget(10**9))
    found = []
    with tempfile.TemporaryDirectory() as folder:
        lab = begin(config, Path(folder) / "run")
        for turn in range(trials):
            text = f"{source}\n# candidate {turn}\n"
            lab.judge.ask("check", source=text, name=f"v{turn + 2}.py")
            began = time.perf_counter()
            answer = lab.call("trial", {"source": text, "hypothesis": "the same"})
            took = time.perf_counter() - began
            row = lab.run.ledger.trial(answer.data["trial"])
            found.append(took - row["wall_s"])
        lab.close()
    return np.array(found)


def main() -> int:
    """Measure both tasks and print a line each."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for env, mode, policy, max_steps in TASKS:
        seconds = overheads(env, mode, policy, max_steps, trials)
        print(
            f"{env} {mode}: {1e3 * np.median(seconds):.0f} ms median, {1e3 * seconds.max():.0f} ms at most, of {trials} trials"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
