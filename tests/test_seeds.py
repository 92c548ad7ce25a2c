"""Splits never share a seed, and sealed seeds cannot be known before they are drawn."""

import pytest

from fastheur import seeds

GOLDEN = {"train": [384361375, 477960920, 497531604], "validation": [659740053, 622474675, 613088342]}


def test_no_seed_repeats_within_or_across_splits():
    secret = seeds.draw_secret()
    every = [
        seed
        for split in seeds.SPLITS
        for seed in seeds.episode_seeds(split, 0, 5000, secret if split == "sealed" else None)
    ]
    assert len(set(every)) == len(every)
    assert all(0 <= seed < 2**31 for seed in every)


def test_seeds_of_a_range_do_not_depend_on_where_the_range_starts():
    whole = seeds.episode_seeds("train", 0, 100)
    assert seeds.episode_seeds("train", 30, 70) == whole[30:]


def test_published_seeds_never_change():
    assert seeds.episode_seeds("train", 0, 3) == GOLDEN["train"]
    assert seeds.episode_seeds("validation", 0, 3) == GOLDEN["validation"]


def test_the_last_episode_of_a_split_has_a_seed_and_the_one_behind_it_has_none():
    assert len(seeds.episode_seeds("train", seeds.CAPACITY - 1, 1)) == 1
    with pytest.raises(ValueError, match="outside"):
        seeds.episode_seeds("train", seeds.CAPACITY, 1)


def test_sealed_seeds_follow_the_secret_and_the_commitment_fits_only_it():
    one, two = seeds.draw_secret(), seeds.draw_secret()
    assert one != two
    assert seeds.episode_seeds("sealed", 0, 10, one) != seeds.episode_seeds("sealed", 0, 10, two)
    assert seeds.commitment(one) == seeds.commitment(one) != seeds.commitment(two)


def test_a_secret_belongs_to_the_sealed_split_only():
    with pytest.raises(ValueError, match="secret"):
        seeds.episode_seeds("sealed", 0, 1)
    with pytest.raises(ValueError, match="secret"):
        seeds.episode_seeds("train", 0, 1, seeds.draw_secret())


def test_the_policy_stream_does_not_show_the_seed():
    assert seeds.stream_key(5) != 5
    assert len({seeds.stream_key(seed) for seed in range(1000)}) == 1000
