"""The gap between train, validation and sealed scores in words: over-fitting made visible, and nothing else taken for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fastheur.report.comparing import Sample, unpaired
from fastheur.report.records import RunRecord
from fastheur.report.sparks import intervals
from fastheur.report.wording import number, range_of


@dataclass(frozen=True)
class Gap:
    """What is known of the champion's scores: the ``samples`` by name, ``sentences`` on what lies between, a ``picture``."""

    samples: Sequence[tuple[str, Sample]]
    sentences: Sequence[str]
    picture: Markup


def gap_of(record: RunRecord) -> Gap | None:
    """Return the gap of a run's champion, None where it has no score yet."""
    named = (("train", record.train), ("validation", record.validation), ("sealed", record.sealed))
    samples = [(name, sample) for name, sample in named if sample is not None]
    if record.train is None:
        return None
    sentences = [_between("validation", record.validation, record.train)] if record.validation else []
    if record.sealed is not None:
        sentences.append(_between("sealed", record.sealed, record.train))
    elif record.over:
        sentences.append(
            "The champion was not confirmed on sealed episodes: the scores below are those it was chosen by."
        )
    else:
        sentences.append(
            "The run goes on. Its champion is confirmed on sealed episodes once, when it is over; until then validation scores are "
            "left out too, so that nobody can tune to them."
        )
    if record.validation is None and "validation" not in record.hidden and record.train.exact:
        sentences.append("Every train episode is the same here, so there was nothing to validate on.")
    return Gap(samples, sentences, intervals(samples))


def _between(name: str, other: Sample, train: Sample) -> str:
    """Say how far a split's score lies from the train score, and what that may mean."""
    difference = unpaired(other, train)
    head = f"train {number(train.mean)}, {name} {number(other.mean)}: {_distance(difference.mean, train.mean)}"
    if other.rules != train.rules:
        rules = f" ({train.protocol} against {other.protocol})" if train.protocol != other.protocol else ""
        return f"{_capital(head)} under other rules{rules}. The two are not comparable as over-fitting: the rules alone may make this gap."
    if difference.low is None or difference.high is None:
        return f"{_capital(head)} under the same rules. One episode alone has no interval, so chance may make this gap."
    interval = f" (95 % interval of the difference {range_of(difference)})"
    if difference.high < 0:
        verdict = "The interval lies below 0: part of the train score is over-fitting to the episodes it was chosen by."
    elif difference.low > 0:
        verdict = "The interval lies above 0: no over-fitting to be seen; these episodes were the easier ones."
    else:
        verdict = "The interval has 0 in it: no over-fitting to be seen in so many episodes."
    return f"{_capital(head)} under the same rules{interval}. {verdict}"


def _distance(difference: float, base: float) -> str:
    if difference == 0:
        return "equal"
    word = "higher" if difference > 0 else "lower"
    if base <= 0:
        return f"{number(abs(difference))} {word}"
    return f"{100 * abs(difference) / base:.3g} % {word}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
