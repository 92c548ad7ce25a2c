"""The replays that lie in a run's folder, taken over into its report; and which ones of its champions are still missing."""

import json
import os
import re
import shlex
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastheur.report.records import RunRecord

FOLDER = "replays"
"""Where replays lie in a run's folder and in its report."""

_NAMED = re.compile(r"trial(\d+)-episode(\d+)")
_SUFFIXES = (".mp4", ".png")


@dataclass(frozen=True)
class Replay:
    """An episode to look at: a video, a contact sheet or both.

    Attributes:
        stem: of its files' names. trial, episode: of the ledger, None where the name does not say. video, sheet: addresses from
            the run's page, None where there is none. facts: as the replay itself wrote them down.
    """

    stem: str
    trial: int | None
    episode: int | None
    video: str | None
    sheet: str | None
    facts: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Where it is shown, from the run's page."""
        return f"#replay-{quote(self.stem)}"

    @property
    def title(self) -> str:
        """What it is called."""
        named = f"trial {self.trial}, episode {self.episode}" if self.trial is not None else self.stem
        return str(self.facts.get("title") or named)


@dataclass(frozen=True)
class Wanted:
    """A replay that a champion has not got: of this version's own trial."""

    version: int
    trial: int


def found_in(folder: Path) -> list[Replay]:
    """Return the replays in a run's folder, those with a trial first and in order."""
    paths = sorted(path for path in (folder / FOLDER).glob("*") if path.suffix in _SUFFIXES and path.is_file())
    found = [_replay(folder / FOLDER, stem) for stem in dict.fromkeys(path.stem for path in paths)]
    return sorted(found, key=lambda one: (one.trial is None, one.trial, one.episode, one.stem))


def by_trial(replays: Sequence[Replay]) -> dict[int, list[Replay]]:
    """Return the replays of each trial."""
    found = defaultdict[int, list[Replay]](list)
    for replay in replays:
        if replay.trial is not None:
            found[replay.trial].append(replay)
    return dict(found)


def missing(record: RunRecord, replays: Sequence[Replay]) -> list[Wanted]:
    """Return for every champion that was never replayed what is wanted, in order of their reigns."""
    there = by_trial(replays)
    return [
        Wanted(idea.version, idea.trial) for idea in record.reigns if idea.trial is not None and idea.trial not in there
    ]


def command(folder: Path, trial: int) -> str:
    """Return the command that makes the replay of a trial."""
    return f"fastheur replay {shlex.quote(str(folder))} trial={trial}"


def command_for_champions(folder: Path) -> str:
    """Return the command that makes what :func:`missing` names, and the report of the run again."""
    return f"fastheur report {shlex.quote(str(folder))} replays=champions"


def take_over(replays: Sequence[Replay], folder: Path, report: Path) -> list[Path]:
    """Link the files of replays into a report, or copy them where links cannot be; return their paths there.

    Raises:
        OSError: the report cannot be written.
    """
    taken = []
    for address in (one for replay in replays for one in (replay.video, replay.sheet) if one):
        source, target = folder / address, report / address
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        taken.append(target)
    return taken


def _replay(folder: Path, stem: str) -> Replay:
    named = _NAMED.fullmatch(stem)
    trial, episode = map(int, named.groups()) if named else (None, None)
    video, sheet = (
        f"{FOLDER}/{stem}{suffix}" if (folder / f"{stem}{suffix}").is_file() else None for suffix in _SUFFIXES
    )
    return Replay(stem, trial, episode, video, sheet, _facts(folder / f"{stem}.json"))


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
