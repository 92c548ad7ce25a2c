"""Plays what was recalled from a ledger again, and holds it against what was recorded."""

from collections.abc import Callable
from dataclasses import dataclass

from fastheur.action_log import first_difference, hash_of
from fastheur.engine import Engine
from fastheur.engines import make_engine
from fastheur.errors import PolicyError, ReplayMismatch
from fastheur.host import Candidate
from fastheur.ledger import versions
from fastheur.places import Place
from fastheur.recalling import Recalled, Recorded
from fastheur.replaying.film import Film, action_words
from fastheur.replaying.scene import Scene, Watch, play
from fastheur.replaying.steps import Steps, Table
from fastheur.rollout import Episode
from fastheur.spec import ActionSpec

Progress = Callable[[str, int, int], None]
"""Called now and then with what is going on, the env steps done, and how many there are (0: nobody knows)."""

_REPORT_STEPS = 256


@dataclass(frozen=True)
class Played:
    """An episode that was played again, and came out as recorded.

    Attributes:
        shown: what was recalled. scene: what was played. action: the task's actions. table: its steps.
        episode: None where the policy failed in it, which ``problem`` tells. env_steps: that it took.
    """

    shown: Recalled
    scene: Scene
    action: ActionSpec
    table: Table
    episode: Episode | None
    env_steps: int
    problem: str = ""

    @property
    def length(self) -> int:
        """Env steps that were played."""
        return len(self.table)

    @property
    def score(self) -> float:
        """Return after the last of them."""
        return float(self.table.scores.rows[-1]) if self.length else 0.0

    @property
    def ending(self) -> str:
        """How it ended, in a few words."""
        if self.problem:
            return "the policy failed"
        if self.shown.cut:
            return "cut by a stop rule"
        return self.episode.ending() if self.episode else "cut off at the cap"


def played_again(shown: Recalled, place: Place, details: bool, progress: Progress) -> Played:
    """Play an episode without pictures and compare it with what was recorded.

    A policy that failed in an episode which was never finished is played until it fails again.

    Args:
        place: where the policy runs. details: keep its STATE and what it saw too.

    Raises:
        ReplayMismatch: it came out otherwise. PolicyError: the policy fails where it did not.
    """
    policy = place.load(shown.source, shown.policy)
    steps = shown.recorded.length if shown.cut and shown.recorded else None
    scene = Scene(
        shown.task, shown.protocol, Candidate(policy, policy.values(shown.values)), shown.index, shown.seed, steps
    )
    engine = make_engine(
        "envpool", shown.task, shown.protocol
    )  # ale is for many slots: alone, its processes wait in turns
    observer = Steps(details)
    expected = shown.recorded.length if shown.recorded else 0
    try:
        [episode] = play(
            [scene], engine, place, observer, reporter(progress, f"trial {shown.trial}: again", engine, expected)
        )
    except PolicyError as error:
        if shown.recorded is not None or not observer.tables:
            raise
        return Played(shown, scene, engine.spec.action, observer.tables[0], None, engine.env_steps, str(error))
    check(shown, episode, observer.tables[0], engine.spec.action)
    return Played(shown, scene, engine.spec.action, observer.tables[0], episode, engine.env_steps)


def filmed(played: list[Played], last: int, engine: Engine, place: Place, film: Film, watch: Watch) -> None:
    """Play episodes once more, beside one another, for ``film``, up to what is decided after ``last`` env steps.

    Raises:
        ReplayMismatch: this time it was otherwise.
    """
    scenes = [one.scene.first(min(last + 1, one.length)) for one in played]
    for one, episode in zip(played, play(scenes, engine, place, film, watch), strict=True):
        same = episode.length == min(last + 1, one.length)
        if same and episode.length:
            same = episode.ret == one.table.scores.rows[episode.length - 1]
        if same and one.episode is not None and episode.length == one.length:
            same = episode.action_hash == one.episode.action_hash
        if not same:
            raise ReplayMismatch(
                f"{one.shown.title} was played twice, and the second time came out otherwise: the policy or its task is "
                "not deterministic here, or the engine that gives the pictures differs. Nothing of it was kept."
            )


def check(shown: Recalled, episode: Episode, table: Table, action: ActionSpec) -> None:
    """Compare an episode with what was recorded of it; ``table`` has its steps.

    Raises:
        ReplayMismatch: says how they differ, and which versions have changed since.
    """
    recorded = shown.recorded
    if recorded is None:
        return
    if shown.asked is not None and episode.random:
        raise ReplayMismatch(
            f"Episode {shown.asked} of trial {shown.trial} was not played, and the policy draws random numbers, so episode "
            f"{shown.index} does not stand for it; name one that was played."
        )
    hidden = (recorded.action_hash, recorded.ret, recorded.length)
    if hidden == (episode.action_hash, episode.ret, episode.length):
        return
    raise ReplayMismatch(
        f"Episode {shown.index} of trial {shown.trial} does not come out as it was recorded: action hash "
        f"{recorded.action_hash} then and {episode.action_hash} now, return {recorded.ret:,.6g} and {episode.ret:,.6g}, "
        f"{recorded.length:,} and {episode.length:,} env steps. {_parted(recorded, table, action)}{_changed_since(shown)} "
        "Nothing of it was kept."
    )


def _parted(recorded: Recorded, table: Table, action: ActionSpec) -> str:
    """Say at which step other actions began, where the trial kept a log of them."""
    if recorded.actions is None:
        return ""
    if hash_of(recorded.actions) != recorded.action_hash:
        return "The log of its actions has another hash than the episode: one of them was changed in the ledger. "
    then, now = recorded.actions, table.actions.rows
    step = first_difference(then, now)
    if step is None:
        return (
            "All its actions are the same as then: the task answers otherwise, or what was recorded of it was changed. "
        )
    words = [action_words(one[step], action) if step < len(one) else "the end" for one in (then, now)]
    return f"They part after {step:,} env steps: {words[0]} then, {words[1]} now. "


def _changed_since(shown: Recalled) -> str:
    """Say what is not as it was, and what that may mean."""
    now = versions("")
    changed = [
        f"{name} {was} then, {now.get(name, 'missing')} now"
        for name, was in shown.versions.items()
        if name != "engine" and now.get(name) != was
    ]
    if changed:
        return (
            f"Other versions than then: {'; '.join(changed)}. A simulator or a compiler of another version may step or "
            "round otherwise: replay it with those it was recorded with."
        )
    return (
        "The versions are those it was recorded with. Left are another processor, which may round otherwise, a policy that "
        "does not follow from its inputs alone, or a ledger that was changed (`fastheur ledger check`)."
    )


def reporter(progress: Progress, what: str, engine: Engine, expected: int) -> Watch:
    """Return what tells ``progress`` now and then how far an engine is."""
    begun, told = engine.env_steps, 0

    def watch() -> None:
        nonlocal told
        done = engine.env_steps - begun
        if done - told >= _REPORT_STEPS:
            told = done
            progress(what, done, expected)

    return watch
