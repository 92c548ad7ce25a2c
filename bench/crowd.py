"""What evaluations at once, one slot each, cost each other on engine=ale: how long each steps, and its CPU, however answers are
awaited.

    python bench/crowd.py [MOST] [ROUNDS]

One to MOST evaluations (default 3) side by side, a process each, the median of ROUNDS rounds (default 3) in which the ways take
turns. ``as it is`` looks out for answers unless the machine is crowded, ``always`` also where it is, ``never`` sleeps at once.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WAYS = {
    "as it is": "",
    "always": "from fastheur import ale_lane\nale_lane._crowded = lambda: False\n",
    "never": "from fastheur import ale_lane\nale_lane._crowded = lambda: True\n",
}
"""What harness and workers run before anything else."""

PLAY = """
from fastheur import evaluate
print(evaluate(None, "atari/pong", obs="ram", protocol="robust", episodes=2, slots=1, max_steps=6000).cost.wall_s)
"""


def measured(way: str, crowd: int) -> tuple[float, float]:
    """Return the mean seconds that ``crowd`` evaluations at once spent on stepping, and the CPU seconds of each, all in."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(WAYS[way])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        playing = [
            subprocess.Popen(
                [sys.executable, "-c", PLAY],
                env={**os.environ, "PYTHONPATH": folder},
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(crowd)
        ]
        stepped = [float(one.communicate()[0]) for one in playing]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return statistics.mean(stepped), cpu / crowd


def main() -> int:
    """Measure and print one line per crowd."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for crowd in range(1, most + 1):
        found = {way: [] for way in WAYS}
        for turn in range(rounds):
            for place in range(len(WAYS)):
                way = list(WAYS)[(turn + place) % len(WAYS)]
                found[way].append(measured(way, crowd))
        said = []
        for way, runs in found.items():
            stepping, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
            said.append(f"{way} {stepping:.2f} s (CPU {cpu:.1f} s)")
        print(f"{crowd} at once: {', '.join(said)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
