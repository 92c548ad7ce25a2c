"""Model steps are counted apart from env steps, by slot and in all, and never guessed."""

import numpy as np
import pytest

from fastheur.model_steps import ModelMeter, current, metering


def test_counts_go_by_slot_and_the_total_outlives_an_episode():
    meter = ModelMeter(3)
    meter.add(np.array([0, 2]), 40)
    meter.add([2], np.array([7]))
    assert meter.counts.tolist() == [40, 0, 47] and meter.total == 87
    meter.restart(np.array([2]))
    assert meter.counts.tolist() == [40, 0, 0] and meter.total == 87


def test_a_slot_may_be_named_twice():
    meter = ModelMeter(2)
    meter.add([1, 1, 0], [1, 2, 3])
    assert meter.counts.tolist() == [3, 3] and meter.total == 6


def test_it_counts_in_the_array_that_it_is_given():
    counts = np.full(2, 9)
    ModelMeter(2, counts).add([1], 5)
    assert counts.tolist() == [0, 5]


def test_a_slot_that_is_not_there_is_no_silent_matter():
    with pytest.raises(IndexError):
        ModelMeter(2).add([2], 1)


def test_the_current_meter_is_the_innermost_one_and_an_unread_one_outside():
    outer, inner = ModelMeter(1), ModelMeter(1)
    with metering(outer):
        with metering(inner):
            assert current() is inner
        assert current() is outer
    loose = current()
    assert loose is not outer
    loose.add([5, 6], 10)
    assert loose.total == 20 and current().total == 0
