"""Puts into words where episodes went wrong: how they ended, where they lost, when the score stalled, what was never tried.

Pure: the same records give the same text. The most useful lines come first, and whole lines are dropped from the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median
from typing import Any

from fastheur.clusters import find_clusters
from fastheur.record import EpisodeRecord, Moment
from fastheur.wording import action_name, bounded

_KINDS = {"life": "lives lost", "loss": "negative rewards", "over": "early ends (terminated)"}


def report(
    records: Sequence[EpisodeRecord],
    *,
    meanings: Sequence[str],
    champion: Sequence[EpisodeRecord | float] | None = None,
    most_tokens: int = 700,
) -> str:
    """Return the failure report of a candidate's episodes.

    Args:
        records: of one candidate. meanings: names of the discrete actions, empty where there are none.
        champion: the champion's records of the same episodes, or its returns, in the order of ``records``.
        most_tokens: bound on the text, at :data:`fastheur.wording.CHARACTERS_PER_TOKEN`.
    """
    if not records:
        return "No episode has finished."
    parts: Iterable[Callable[[], Iterable[str]]] = (
        lambda: [_ends(records)],
        lambda: _against(records, champion),
        lambda: _losses(records),
        lambda: _stalls(records),
        lambda: _actions(records, meanings),
        lambda: _drops(records),
        lambda: _curves(records),
    )
    return bounded([line for part in parts for line in part()], most_tokens)


def _ends(records: Sequence[EpisodeRecord]) -> str:
    returns = [record.ret for record in records]
    ends = Counter(record.end for record in records)
    how = ", ".join(f"{ends[end]} {end}" for end in ("game over", "cap", "cut") if ends[end])
    spread = f" (lowest {min(returns):g}, highest {max(returns):g})" if len(records) > 1 else ""
    episodes = "1 episode" if len(records) == 1 else f"{len(records)} episodes"
    return (
        f"{episodes}: mean return {fmean(returns):.6g}{spread}, mean length "
        f"{fmean(record.length for record in records):,.0f} steps; ended by: {how}."
    )


def _against(records: Sequence[EpisodeRecord], champion: Sequence[EpisodeRecord | float] | None) -> Iterable[str]:
    if not champion:
        return
    theirs: dict[int, float] = {}
    for record, other in zip(records, champion, strict=False):
        if isinstance(other, EpisodeRecord):
            theirs[other.index] = other.ret
        else:
            theirs[record.index] = other
    pairs = [(record, theirs[record.index]) for record in records if record.index in theirs]
    lost = sorted(
        (pair for pair in pairs if pair[0].ret < pair[1]), key=lambda pair: (pair[0].ret - pair[1], pair[0].index)
    )
    won = sum(record.ret > other for record, other in pairs)
    text = f"Against the champion: {won} won, {len(lost)} lost, {len(pairs) - won - len(lost)} equal."
    if lost:
        worst = (f"episode {record.index}: {record.ret:g} against {other:g}" for record, other in lost[:5])
        text += f" Lost most: {'; '.join(worst)}."
    yield text


def _losses(records: Sequence[EpisodeRecord]) -> Iterable[str]:
    moments = [moment for record in records for moment in record.moments]
    for kind, words in _KINDS.items():
        mine = [moment for moment in moments if moment.kind == kind]
        if not mine:
            continue
        many = sum(record.lost for record in records if record.moments and record.moments[0].kind == kind)
        shown = f" (clusters are of {len(mine)} of them)" if many > len(mine) else ""
        yield (
            f"{words[0].upper()}{words[1:]}: {many}{shown}, first at step {min(m.step for m in mine):,}, median step "
            f"{median(m.step for m in mine):,.0f}, median score then {median(m.score for m in mine):g}."
        )
        yield from _places(mine, records)


def _places(moments: Sequence[Moment], records: Sequence[EpisodeRecord]) -> Iterable[str]:
    """Say where the moments were: first by the policy's own fields and game variables, then by what it saw."""
    facts = [moment.seen.facts() for moment in moments]
    samples = [sample.facts() for record in records for sample in record.samples]
    own = [name for name in facts[0] if not name.startswith(("RAM ", "obs["))]
    for names in (own, [name for name in facts[0] if name not in own]):
        shared, clusters = find_clusters(_only(names, facts), _only(names, samples))
        if shared:
            yield f"- all {len(moments)}: " + "; ".join(
                f"{interval} (usually {interval.least:.4g}..{interval.greatest:.4g})" for interval in shared
            )
        for cluster in clusters:
            members = len(cluster.members)
            score = median(moments[place].score for place in cluster.members)
            what = ", ".join(str(interval) for interval in cluster.intervals)
            yield f"- {members} of {len(moments)}: {what} (median score then {score:g})"
        if clusters:
            return
    if len(moments) == 1 and own:
        only = ", ".join(f"{name} {facts[0][name]:.4g}" for name in own[:12])
        yield f"- the policy's fields before it: {only}"


def _only(names: Sequence[str], facts: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: one[name] for name in names if name in one} for one in facts]


def _stalls(records: Sequence[EpisodeRecord]) -> Iterable[str]:
    longest = max(records, key=lambda record: (record.stretch[1], -record.index))
    start, length = longest.stretch
    if length <= 1:
        return
    until = "to the end of the episode" if longest.stalled else f"to step {start + length:,}"
    yield f"Longest stretch without reward: {length:,} steps, in episode {longest.index} from step {start:,} {until}."
    stalled = [record for record in records if record.stalled and record.stretch[1] * 4 > record.length]
    if stalled:
        which = ", ".join(
            f"{record.index} (score {record.ret:g} since step {record.stretch[0]:,})" for record in stalled[:5]
        )
        yield f"Stalled for their last quarter or more: {len(stalled)} of {len(records)} episodes: {which}."


def _actions(records: Sequence[EpisodeRecord], meanings: Sequence[str]) -> Iterable[str]:
    counts = [sum(column) for column in zip(*(record.counts for record in records), strict=True)]
    if counts and sum(counts):
        names = [action_name(action, meanings) for action in range(len(counts))]
        never = [name for name, count in zip(names, counts, strict=True) if count == 0]
        if never:
            yield f"Actions never used: {', '.join(never)}."
        order = sorted((-count, place) for place, count in enumerate(counts) if count)
        yield "Actions used: " + ", ".join(f"{names[place]} {-count / sum(counts):.0%}" for count, place in order) + "."
    dimensions = list(zip(*(record.dimensions for record in records), strict=True))
    if dimensions:
        ranges = (
            f"[{place}] {min(e[0] for e in entry):.3g}..{max(e[2] for e in entry):.3g} mean {fmean(e[1] for e in entry):.3g}"
            for place, entry in enumerate(dimensions)
        )
        yield f"Action ranges: {', '.join(ranges)}."
        still = [str(place) for place, entry in enumerate(dimensions) if len({(e[0], e[2]) for e in entry}) == 1
                 and entry[0][0] == entry[0][2]]  # fmt: skip
        if still:
            yield f"Action entries that never changed: {', '.join(still)}."


def _drops(records: Sequence[EpisodeRecord]) -> Iterable[str]:
    falls = [(record.drop[2], -record.index, record) for record in records if record.drop]
    if falls:
        _, _, record = max(falls, key=lambda fall: fall[:2])
        start, end, amount = record.drop or (0, 0, 0.0)
        yield f"Worst fall of the return: {amount:g}, in episode {record.index} from step {start:,} to {end:,}."


def _curves(records: Sequence[EpisodeRecord]) -> Iterable[str]:
    order = sorted(records, key=lambda record: (record.ret, record.index))
    chosen: list[tuple[str, Any]] = (
        [("Worst", order[0]), ("Best", order[-1])] if len(order) > 1 else [("The", order[0])]
    )
    for word, record in chosen:
        points = record.curve[:: max(1, -(-len(record.curve) // 8))]
        if points and points[-1] != record.curve[-1]:
            points = (*points, record.curve[-1])
        if len(points) > 1:
            path = ", ".join(f"{step:,}: {ret:g}" for step, ret in points)
            yield f"{word} episode ({record.index}), score by step: {path}."
