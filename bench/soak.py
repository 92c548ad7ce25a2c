"""Runs thousands of trials of good, slow, crashing and hostile policies through one Lab at isolation=strict.

    python bench/soak.py [TRIALS] [SEED] [FOLDER]

Prints memory, descriptors and processes every hundred trials, and at the end what grew since the first hundred and what
`fastheur ledger check` finds. The exit code is 1 where something grew, a process is left, a good policy did not play, or the
ledger is not sound.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fastheur.budget import Budget
from fastheur.lab import Lab
from fastheur.learning import begin
from fastheur.ledger_check import check
from fastheur.limits import Limits
from fastheur.runs import RunConfig
from fastheur.tasks import find_environment, find_protocol

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "redteam"))
import corpus

EVERY = 100
GROWN_MB, GROWN_DESCRIPTORS, GROWN_PROCESSES = 32, 4, 2
"""More than this between the first hundred trials and the last counts as growth."""

MIX = {"good": 0.5, "slow": 0.1, "crashing": 0.2, "hostile": 0.2}

RULE = """
OBS = "state"


def act(obs, info, state, params):
    lean = obs[2] + {gain} * obs[3]
    {does}
    return 1 if lean > {bias} else 0
"""
CRASHES = (
    "lean += obs[5000 + int(info.elapsed)]",
    "if info.elapsed > 20:\n        return 7",
    "lean += undefined",
    "if info.elapsed > 5:\n        raise ValueError('enough')",
    "lean /= 0.0 * info.elapsed",
    "obs[0] = lean",
    "while lean < 10.0:\n        lean -= 1.0",
)
SLOW = "for turn in range(200_000):\n        lean += 1e-12 * (turn % 3)"


class Mix:
    """Draws the next policy; every text is a new one."""

    def __init__(self, seed: int, aim: corpus.Aim) -> None:
        self._random = random.Random(seed)
        self._hostile = [attack for attack in corpus.corpus() if attack.task == "CartPole-v1"]
        self._aim = aim
        self._number = 0

    def draw(self) -> tuple[str, str]:
        """Return a kind of :data:`MIX` and a text."""
        self._number += 1
        kind = self._random.choices(list(MIX), list(MIX.values()))[0]
        if kind == "hostile":
            attack = self._random.choice(self._hostile)
            return kind, f"{attack.source(self._aim)}\n# {self._number}\n"
        does = {"good": "lean += 0.0", "slow": SLOW, "crashing": self._random.choice(CRASHES)}[kind]
        gain, bias = self._random.uniform(0.0, 0.5), self._random.uniform(-0.01, 0.01)
        return kind, RULE.format(gain=f"{gain:.6f}", bias=f"{bias:.6f}", does=does) + f"# {self._number}\n"


def state(folder: Path) -> dict[str, float]:
    """Return what the run holds of the machine: memory in MB, open descriptors, processes, zombies."""
    family = _family()
    supervisor = os.getpid()
    children = [pid for pid in family if pid != supervisor]
    return {
        "supervisor MB": _megabytes(supervisor),
        "children MB": sum(map(_megabytes, children)),
        "descriptors": sum(map(_descriptors, family)),
        "processes": len(family),
        "zombies": sum(_stat(pid)[0] in "ZX" for pid in family),
        "ledger MB": sum(file.stat().st_size for file in folder.glob("ledger.db*")) / 1e6,
        "log kB": (folder / "player.log").stat().st_size / 1e3,
    }


def _family() -> list[int]:
    """Return this process and its descendants, zombies among them."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = [os.getpid()]
    for pid in found:
        found += [child for child, stat in parents.items() if stat[1] == pid]
    return found


def _stat(pid: int) -> tuple[str, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return "X", -1
    return fields[0], int(fields[1])


def _megabytes(pid: int) -> float:
    """Return the memory that only this process holds: shared pages of a template would be counted in every cell."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Pss:",))) / 1e3


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def soak(lab: Lab, mix: Mix, trials: int) -> tuple[list[dict[str, float]], Counter[str]]:
    """Try so many policies and return the state after every hundred, and how the trials ended."""
    states, ended = [], Counter[str]()
    began = time.monotonic()
    for number in range(1, trials + 1):
        kind, source = mix.draw()
        answer = lab.call("trial", {"source": source, "hypothesis": kind, "episodes": 2})
        ended[f"{kind}: {answer.data['status']}"] += 1
        if kind in ("good", "slow") and answer.data["status"] == "failed":
            print(f"trial {number}, {kind}: {answer.text}")
        if number % EVERY == 0:
            states.append(state(lab.run.folder))
            shown = ", ".join(f"{name} {value:,.0f}" for name, value in states[-1].items())
            print(f"{number:6,} trials in {time.monotonic() - began:6.0f} s: {shown}", flush=True)
    return states, ended


def config() -> RunConfig:
    """Return a run that no number of trials ends."""
    environment = find_environment("CartPole-v1")
    return RunConfig(
        environment=environment,
        mode="state",
        protocol=find_protocol(None, environment),
        agent={"name": "script", "files": []},
        start=RULE.format(gain="0.1", bias="0.0", does="lean += 0.0"),
        start_name="start.py",
        budget=Budget(10**9),
        train_episodes=2,
        validation_episodes=8,
        golden_cases=0,
        slots=2,
        isolation="strict",
        limits=Limits(call_s=0.6, load_s=4.0, episode_s=3.0),
    )


def main(trials: int, seed: int, folder: Path) -> int:
    """Soak, and say what grew."""
    target = folder / "target"
    target.mkdir(parents=True)
    corpus.prepare(target)
    lab = begin(config(), folder / "run")
    try:
        states, ended = soak(lab, Mix(seed, corpus.Aim(target, os.getpid(), os.getpid(), 9)), trials)
        charged, known = lab.spent.env_steps, sum(trial["env_steps"] or 0 for trial in lab.run.ledger.trials())
    finally:
        lab.close()
    time.sleep(2.0)
    left = _family()[1:]
    findings = check(folder / "run" / "ledger.db").findings
    print(json.dumps(dict(sorted(ended.items())), indent=1))
    print(
        f"{charged:,} env steps charged, {known:,} in the trials; ledger: {len(findings)} findings; left: {len(left)}"
    )
    first, last = states[0], states[-1]
    grown = [
        f"{name} from {first[name]:,.0f} to {last[name]:,.0f}"
        for name, most in (
            ("supervisor MB", GROWN_MB), ("children MB", GROWN_MB), ("descriptors", GROWN_DESCRIPTORS),
            ("processes", GROWN_PROCESSES), ("zombies", 0),
        )
        if last[name] > first[name] + most
    ]  # fmt: skip
    print("grown: " + (", ".join(grown) or "nothing"))
    bad = ended["good: failed"] + ended["slow: failed"]
    return int(bool(grown or findings or left or bad or charged != known))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(words[2]) if len(words) > 2 else Path(scratch)
        sys.exit(main(int(words[0]) if words else 2000, int(words[1]) if len(words) > 1 else 1, place))
