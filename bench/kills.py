"""Kills a learning run with SIGKILL at random moments, resumes it each time, and compares it with an undisturbed one.

    python bench/kills.py [KILLS] [SEED] [FOLDER] [SETTING=VALUE ...]

Checked for every killed run: no trial is left open; the env steps charged are those of its reservations; what was decided
(operations, versions, verdicts, scores, golden cases) equals the undisturbed run's, and so does the champion.
"""

import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fastheur.errors import ConfigError
from fastheur.runs import Run

SETTINGS = (
    "env=atari/breakout", "obs=ram", "protocol.max_steps=1500", "start=examples/breakout_start",
    "budget.env_steps=600000", "agent.round_steps=40000", "agent.patience=2", "search.population=6", "search.stall=600",
    "confirm_episodes=2", "golden_max_steps=500", "seed=1",
)  # fmt: skip
LONGEST_S = 12.0
"""A run is left alone for at most so long before it is killed, and for at most 0.6 of what it takes undisturbed."""


def learn(folder: Path, *words: str) -> subprocess.Popen:
    """Start the command line on a run folder."""
    command = [sys.executable, "-m", "fastheur", "learn", *words]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def has_begun(folder: Path) -> bool:
    """True where there is something to resume."""
    try:
        Run.open(folder).close()
    except ConfigError:
        return False
    return True


def finished(folder: Path) -> bool:
    """True once the run's champion was confirmed."""
    if not has_begun(folder):
        return False
    run = Run.open(folder)
    try:
        return run.status == "confirmed"
    finally:
        run.close()


def decided(folder: Path) -> dict[str, object]:
    """Everything a run decided, without what depends on the moment."""
    run = Run.open(folder)
    ledger = run.ledger
    champion = ledger.champion
    found = {
        "operations": [
            (one["name"], one["request"], one["answer"]["text"])
            for one in ledger.operations()
            if one["status"] == "done" and one["name"] != "confirm"
        ],
        "versions": [
            (v.policy_sha256, v.parent, v.hypothesis, v.score, v.verdict, v.reason, v.reign) for v in ledger.versions()
        ],
        "golden": [(case.name, case.index, case.floor, case.outcome) for case in ledger.golden()],
        "outcomes": ledger.outcomes(),
        "champion": None if champion is None else champion.policy_sha256,
    }
    run.close()
    return found


def accounts(folder: Path) -> tuple[int, int]:
    """Return the charged env steps and those of the trials, after checking that nothing is left open."""
    run = Run.open(folder)
    assert not run.ledger.open_reservations(), "a reservation was never settled"
    trials = run.ledger.trials()
    assert all(trial["status"] != "running" for trial in trials), "a trial was left running"
    charged, sealed = run.ledger.steps()
    played = sum(trial["env_steps"] for trial in trials)
    run.close()
    return charged + sealed, played


def settled(found: dict[str, object]) -> dict[str, object]:
    """Leave out what a kill may change: numbers of trials (one cut off has a row of its own), and the steps used so far."""
    operations = [
        (name, request, re.sub(r"\(trial \d+\)|Used: .*", "", text)) for name, request, text in found["operations"]
    ]
    return {**found, "operations": operations}


def main() -> int:
    """Run it; the exit code is 0 where everything is equal."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    draw = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    top = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp(prefix="fastheur-kills-"))
    top.mkdir(parents=True, exist_ok=True)
    settings = (*SETTINGS, *sys.argv[4:])
    calm = top / "calm"
    began = time.monotonic()
    if learn(calm, f"name={calm}", *settings).wait() != 0:
        print((top / "calm.log").read_text()[-2000:])
        return 1
    longest = min(LONGEST_S, 0.6 * (time.monotonic() - began))
    print(f"undisturbed: {time.monotonic() - began:.1f} s, {accounts(calm)[0]:,} env steps", flush=True)
    expected = settled(decided(calm))
    done, runs = 0, 0
    while done < kills:
        runs += 1
        folder = top / f"killed-{runs}"
        while not finished(folder):
            begun = has_begun(folder)
            process = learn(folder, *([f"resume={folder}"] if begun else [f"name={folder}", *settings]))
            try:
                process.wait(draw.uniform(0.5, longest) if done < kills else None)
                assert process.returncode == 0, (top / f"{folder.name}.log").read_text()[-2000:]
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                done += 1
        charged, played = accounts(folder)
        assert charged == played, f"{charged:,} env steps charged, and the trials took {played:,}"
        found = settled(decided(folder))
        for what, value in expected.items():
            if found[what] != value:
                print(f"{folder.name}: {what} differ from the undisturbed run's")
                return 1
        print(f"{folder.name}: {done} kills so far, {charged:,} env steps, all decisions equal", flush=True)
    print(f"{kills} kills, {runs} runs: no trial lost, budget exact, decisions and champion equal.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
