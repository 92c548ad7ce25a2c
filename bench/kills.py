"""Kills a learning run with SIGKILL at random moments, resumes it each time, and compares it with an undisturbed one.

    python bench/kills.py [KILLS] [SEED] [FOLDER] [SETTING=VALUE ...]

Checked after every kill: whatever an outsider had read in the ledger or seen printed before it is still there, unchanged; no
process of the run is alive two seconds later. Checked for every killed run: no trial is left open; the env steps charged are
those of its reservations; what was decided (operations, versions, verdicts, scores, golden cases) equals the undisturbed
run's, and so does the champion; `fastheur ledger check` finds nothing.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import Watched

from fastheur.errors import ConfigError
from fastheur.ledger_check import check
from fastheur.run_folder import LEDGER
from fastheur.runs import Run

SETTINGS = (
    "env=atari/breakout", "obs=ram", "protocol.max_steps=1500", "start=examples/breakout_start",
    "budget.env_steps=600000", "agent.round_steps=40000", "agent.patience=2", "search.population=6", "search.stall=600",
    "confirm_episodes=2", "golden_max_steps=500", "seed=1",
)  # fmt: skip
LONGEST_S = 12.0
"""A run is left alone for at most so long before it is killed, and for at most 0.6 of what it takes undisturbed."""


GLANCE_S = 0.1
"""How often the ledger of a run is read while it works."""
GONE_S = 2.0
"""After a kill, every process of the run has gone within so long."""
MARK = "FASTHEUR_KILLS"
"""Environment variable that every process of a run inherits, with the run's folder in it."""


def learn(folder: Path, *words: str) -> subprocess.Popen:
    """Start the command line on a run folder."""
    command = [sys.executable, "-m", "fastheur", "learn", *words]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, MARK: str(folder)}, start_new_session=True
        )


class Acknowledged:
    """What an outsider has seen of a run: trials and operations that are settled, episodes, versions."""

    def __init__(self) -> None:
        self.trials: dict[int, tuple] = {}
        self.episodes = 0
        self.lost = 0

    def look(self, folder: Path) -> None:
        """Read the ledger, and count as lost what was seen before and is not there as it was."""
        if not has_begun(folder):
            self.lost += len(self.trials)
            return
        run = Run.open(folder)
        rows = {row["trial"]: row for row in run.ledger.trials()}
        settled = {
            number: (row["status"], row["env_steps"], row["episodes"], row["score_mean"], row["policy_sha256"])
            for number, row in rows.items()
            if row["status"] != "running"
        }
        episodes = sum(row["episodes"] for row in rows.values())
        versions = {version.name: version.score for version in run.ledger.versions()}
        run.close()
        self.lost += sum(settled.get(number) != was for number, was in self.trials.items())
        self.lost += max(0, self.episodes - episodes)
        self.lost += sum(
            versions.get(name) is None or f"{versions[name]:,.2f}" != said for name, said in self.told(folder)
        )
        self.trials, self.episodes = settled, episodes

    def told(self, folder: Path) -> list[tuple[str, str]]:
        """Return the versions whose verdicts were printed, each with its score."""
        text = (folder.parent / f"{folder.name}.log").read_text(errors="replace")
        return re.findall(r"\b(v\d+) +(-?[\d,]+\.\d\d) (?:champion|rejected)", text)


def killed_at_random(process: subprocess.Popen, folder: Path, after: float, seen: Acknowledged) -> float | None:
    """Kill a run ``after`` seconds, and return how long its processes lived on; None where it had ended before."""
    latest = time.monotonic() + after
    while (left := latest - time.monotonic()) > 0:
        try:
            process.wait(min(GLANCE_S, left))
            return None
        except subprocess.TimeoutExpired:
            seen.look(folder)
    watched = Watched(process.pid, f"{MARK}={folder}")
    process.kill()
    process.wait()
    gone = watched.gone_after(GONE_S)
    if gone > GONE_S:
        print(f"alive {gone:.2f} s after a kill: {watched.names() or 'has gone meanwhile'}", flush=True)
    return gone


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
    done, runs, lost, orphans, slowest = 0, 0, 0, 0, 0.0
    while done < kills:
        runs += 1
        folder = top / f"killed-{runs}"
        seen = Acknowledged()
        while not finished(folder):
            begun = has_begun(folder)
            process = learn(folder, *([f"resume={folder}"] if begun else [f"name={folder}", *settings]))
            if done >= kills:
                process.wait()
            else:
                gone = killed_at_random(process, folder, draw.uniform(0.5, longest), seen)
                if gone is not None:
                    done, slowest = done + 1, max(slowest, gone)
                    orphans += gone > GONE_S
                    seen.look(folder)
                    continue
            assert process.returncode == 0, (top / f"{folder.name}.log").read_text()[-2000:]
        lost += seen.lost
        charged, played = accounts(folder)
        assert charged == played, f"{charged:,} env steps charged, and the trials took {played:,}"
        report = check(folder / LEDGER)
        assert report.sound, "\n".join(map(str, report.findings))
        found = settled(decided(folder))
        for what, value in expected.items():
            if found[what] != value:
                print(f"{folder.name}: {what} differ from the undisturbed run's")
                return 1
        print(f"{folder.name}: {done} kills so far, {charged:,} env steps, all decisions equal", flush=True)
    print(
        f"{kills} kills, {runs} runs: {lost} acknowledged trials, episodes or verdicts lost, {orphans} times a process alive "
        f"{GONE_S:g} s later (the slowest had gone after {slowest:.2f} s); budget exact, decisions and champion equal."
    )
    return 1 if lost or orphans else 0


if __name__ == "__main__":
    sys.exit(main())
