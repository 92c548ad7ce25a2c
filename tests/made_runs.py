"""Runs that nobody played: any number of trials, written through the real ledger, with plausible values and always the same."""

import json
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest import mock

import numpy as np

from fastheur.budget import Budget
from fastheur.ledger import TrialStart, versions
from fastheur.regress import GoldenCase
from fastheur.resources import POLICIES
from fastheur.rollout import Episode
from fastheur.runs import Run, RunConfig
from fastheur.score import Cost, Scorecard, Setting
from fastheur.seeds import commitment
from fastheur.tasks import find_environment, find_protocol

START = (POLICIES / "examples" / "breakout_start.py").read_text()

IDEAS = (
    "The paddle waits below the ball while it rises: less way to go when it comes down, so fewer misses at high speed.",
    "Meet the ball {n} pixels beside the middle, so that the loop without bricks breaks after a few hits.",
    "Predict from the mean speed since the last turn; a single step is off by half a pixel, which adds up over {n} frames.",
    "Do not move for an error below {n} pixels: every press overshoots.",
    "Let a ball go that has found no brick for {n} frames, for a new one that starts elsewhere.",
    "The side walls are one pixel further out than assumed ({n} misses at the right wall in the trace).",
    "Simplify: the branch for the small paddle is never taken.",
)
LARGEST = 2_000
"""Versions in one transaction at most: a file that is put on the disk for each of thousands of rows takes minutes."""


def settings(**changes):
    """Settings of a made run: Breakout with chance in it, and a language model that counts tokens."""
    environment = find_environment("atari/breakout")
    values = {
        "environment": environment,
        "mode": "ram",
        "protocol": find_protocol("robust", environment),
        "agent": {"name": "openai", "model": "gpt-5.5", "price_input": 1.25, "price_output": 10.0},
        "start": START,
        "start_name": "breakout_start.py",
        "budget": Budget(2_000_000_000),
        "search_stall": 3000,
    }
    return RunConfig(**{**values, **changes})


def make_run(folder: Path, trials: int, over=True, **changes) -> Path:
    """Write a run of ``trials`` trials: seven of ten are versions, the others searches, validation and golden cases."""
    maker = _Maker(folder, settings(**changes))
    with mock.patch("time.time", lambda: maker.now):
        maker.write(trials, over)
    return folder


class _Maker:
    def __init__(self, folder, config):
        self.now = 1_790_000_000.0
        self.config, self.random = config, np.random.default_rng(7)
        with mock.patch("time.time", lambda: self.now):
            self.run = Run.create(folder, config)
        self.ledger = self.run.ledger
        self.skill, self.champion, self.sources = 380.0, None, {}
        self.used, self.cases = 0, []
        self.stamp = versions("auto")

    def write(self, trials, over):
        session, began = self.ledger.begin_session(), self.now
        while self.used < trials:
            with self.batch():
                for _ in range(LARGEST):
                    if self.used < trials:
                        self.turn(trials - self.used)
        self.ledger.extend_session(session, self.now - began)
        if over:
            self.confirm()
        self.run.close()

    @contextmanager
    def batch(self):
        with self.ledger.at_once("make a run"):
            yield

    # ------------------------------------------------------------------ one operation

    def turn(self, left):
        """One idea of the agent: a trial, now and then a search, and now and then a note."""
        version = len(self.sources) + 1
        if self.champion is not None:
            self.now += float(self.random.uniform(5, 40))
            tokens = int(self.random.integers(2_000, 30_000))
            self.ledger.charge(tokens, tokens * 3e-6)
        if version % 40 == 39 and left > 16:
            return self.search()
        operation = self.ledger.open_operation("trial", {"hypothesis": f"v{version}"})
        self.trial(operation, version, left)
        self.ledger.close_operation(operation, "done", {"text": "", "data": {}})
        if version % 25 == 0:
            kind = ("note", "failed_direction", "summary")[version // 25 % 3]
            self.ledger.add_memory(
                kind, f"After v{version}: {IDEAS[version % len(IDEAS)].format(n=version)}", operation
            )
        return None

    def trial(self, operation, version, left):
        source, hypothesis = self.edit(version)
        sha256 = f"{version:064x}"
        parent = self.champion
        self.ledger.add_version(sha256, source, parent, operation, hypothesis, 600 + version % 90)
        skill = (
            self.skill + float(self.random.normal(-40, 22)) * (1 - self.skill / 880) ** 0.5 if parent else self.skill
        )
        self.sources[version] = (source, skill)
        if version % 31 == 0:
            reason = f"act: line {version % 60 + 20}: name 'ball' is not defined"
            self.played(operation, "train", version, skill, 0, "failed", reason)
            self.ledger.change_version(version, verdict="failed", reason=reason)
            return
        card = self.played(operation, "train", version, skill, self.config.train_episodes)
        self.ledger.change_version(version, trial=card.trial, score=card.mean)
        gain = skill - self.skill
        if parent and (gain < 3 or left < 4):
            if gain > 0 and left > 3:
                self.played(operation, "validation", version, skill, 8)
            text = (
                f"Rejected: not shown to be better: p = 0.31, where 0.017 is asked for. Mean difference {gain:+.4g} (95 % interval "
                f"{gain - 21:+.4g} .. {gain + 19:+.4g}) in 8 paired episodes; sequential paired sign-flip test, error 0.05 over 3 looks."
            )
            self.ledger.change_version(version, verdict="rejected", reason=text)
            return
        self.promote(operation, version, skill, parent)

    def promote(self, operation, version, skill, parent):
        if parent:
            self.played(operation, "validation", version, skill, 32)
        if self.cases:
            self.played(operation, "golden", version, skill, 2, first=1_000_000)
        lost = [case.name for number, case in enumerate(self.cases[-6:]) if (version + number) % 5 == 0]
        for case in self.cases[-6:]:
            outcome = case.floor - 12.0 if case.name in lost else case.outcome + version % 7
            self.ledger.add_outcome(case.name, version, outcome)
        if len(lost) > 1:
            reason = f"Rejected: it scores well enough, but of the golden cases {len(lost)} of 6 were lost: {', '.join(lost)}."
            self.ledger.change_version(version, verdict="rejected", reason=reason)
            return
        number = len(self.cases) + 1
        case = GoldenCase(
            f"v{version}-{number}", "robust", 1_000_000 + number, skill / 4, skill / 3, version, max_steps=3000
        )
        reason = "Promoted: better: p = 0.004, where 0.017 is asked for." if parent else "The start of the run."
        self.ledger.crown(version, reason, [case])
        self.cases.append(case)
        self.skill, self.champion = skill, version

    def search(self):
        operation = self.ledger.open_operation("search", {"hypothesis": "a calmer paddle", "source": "0", "space": {}})
        rows = [{"dead_band": 3.0 + number / 10, "calm": number} for number in range(8)]
        self.together(operation, rows)
        self.ledger.close_operation(operation, "done", {"text": "", "data": {"generations": 1}})
        self.sources[len(self.sources) + 1] = self.sources[len(self.sources)]
        version, (source, _) = len(self.sources), self.edit(len(self.sources))
        self.ledger.add_version(f"{version:064x}", source, self.champion, operation, "parameter search: calm=7", 640)
        self.ledger.change_version(version, verdict="failed", reason="PARAMS: calm is 7, expected a number up to 6.")
        self.sources[version] = (source, self.skill)

    # ------------------------------------------------------------------ rows

    def together(self, operation, rows):
        setting = replace(self.setting(1, "train", {}), stop_stalled=3000)
        starts = [self.start("search", replace(setting, params=row), "search, generation 1") for row in rows]
        reservation, trials = self.ledger.reserve(operation, "search", 200_000, starts)
        cards = [self.card(replace(setting, params=row), self.skill - 20, range(4)) for row in rows]
        self.settle(reservation, trials, cards, "search")

    def played(self, operation, role, version, skill, episodes, status="finished", error=None, first=0):
        split = {"golden": "train"}.get(role, role)
        setting = self.setting(version, split, {})
        note = {"golden": "golden case"}.get(role, f"v{version}.py")
        reservation, trials = self.ledger.reserve(operation, role, 300_000, [self.start(f"v{version}", setting, note)])
        card = replace(self.card(setting, skill, range(first, first + episodes)), trial=trials[0])
        self.settle(reservation, trials, [card], f"{version}-{role}", status, error)
        return card

    def settle(self, reservation, trials, cards, key, status="finished", error=None):
        self.now += sum(card.cost.wall_s for card in cards)
        for trial, card in zip(trials, cards, strict=True):
            self.ledger.keep_episodes(
                trial, (key, str(trial), "robust"), card.setting.split, [(one, None) for one in card.episodes]
            )
        self.ledger.finish_trials(trials, cards, status, error)
        self.ledger.settle(reservation, sum(card.cost.env_steps for card in cards))
        self.used += len(trials)

    def setting(self, version, split, params, protocol=None):
        config = self.config
        return Setting(
            config.task.env_id, config.mode, "robust", split, config.protocol.envpool_args(config.task), False,
            f"v{version}.py", f"{version:064x}", params, isolation="strict",
        )  # fmt: skip

    def start(self, name, setting, notes, sealed=False):
        source = self.sources.get(int(setting.policy_sha256, 16), (START, 0))[0]
        policy = mock.Mock(source=source, sha256=setting.policy_sha256)
        policy.name = setting.policy
        return TrialStart(
            name, setting, policy, 32, 2, self.stamp, notes, sealed, landlock=7, seccomp="e209f311c0ea" + "0" * 52
        )

    def card(self, setting, skill, indices):
        lucks = {index: np.random.default_rng(index).normal(0, 40) for index in indices}
        returns = [round(max(0.0, skill + lucks[index] + float(self.random.normal(0, 12)))) for index in indices]
        episodes = tuple(
            Episode(0, index, float(ret), 2_000 + 20 * ret, True, 5, 100, ret, 0.0, ret, f"{index:016x}", False)
            for index, ret in zip(indices, returns, strict=True)
        )
        steps = sum(episode.length for episode in episodes)
        return Scorecard(setting, episodes, Cost(steps, steps / 12_000, 0.1, 32, 2))

    # ------------------------------------------------------------------ texts

    def edit(self, version):
        """A source that differs from the champion's in a constant and a rule, and what it is for."""
        hypothesis = IDEAS[version % len(IDEAS)].format(n=version % 60 + 2)
        if self.champion is None:
            return START, "start: breakout_start.py"
        lines = self.sources[self.champion][0].splitlines()
        place = next(
            number for number in count(40 + version % 50) if lines[number % len(lines)].startswith("    ")
        ) % len(lines)
        lines[place] = f"{lines[place].split('  #')[0]}  # tried in v{version}"
        rules = [
            f"    if frame_of_rule_{version} > {version % 300} and x < {version % 160}:",
            f"        aim = x + {version % 9}.5  # {hypothesis[:50]}",
        ]
        lines[place + 1 : place + 1] = rules * (1 + version % 3)
        del lines[100:104]
        return "\n".join(lines[:130]) + "\n", hypothesis

    def confirm(self):
        operation = self.ledger.open_operation("confirm", {})
        secret = self.ledger.value("secret")
        setting = replace(self.setting(self.champion, "sealed", {}), sealed_commitment=commitment(secret))
        start = self.start(f"v{self.champion}", setting, "sealed confirmation", sealed=True)
        reservation, trials = self.ledger.reserve(operation, "sealed", 300_000, [start])
        card = replace(self.card(setting, self.skill - 30, range(10)), trial=trials[0], sealed_secret=secret)
        self.settle(reservation, trials, [card], "sealed")
        self.ledger.put(
            status="confirmed", over="finished: no more ideas", confirmed=json.loads(json.dumps(card.to_dict()))
        )
        self.ledger.close_operation(operation, "done", {"text": "", "data": {}})
