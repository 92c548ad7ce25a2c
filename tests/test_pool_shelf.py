"""Pools built ahead are fresh ones of the last evaluation, and nothing else is kept."""

import pytest

from fastheur import evaluate, pool_shelf


@pytest.fixture(autouse=True)
def _empty():
    pool_shelf._ready.clear()
    pool_shelf._used.clear()
    yield
    pool_shelf._ready.clear()
    pool_shelf._used.clear()


def test_an_evaluation_from_the_shelf_is_the_same_and_empties_it(random_kernel):
    settings = {"episodes": 6, "slots": 4, "threads": 2, "params": {"n": 2}}
    first = evaluate(random_kernel, "CartPole-v1", **settings)
    pool_shelf.restock()
    assert len(pool_shelf._ready) >= 2
    assert evaluate(random_kernel, "CartPole-v1", **settings).episodes == first.episodes
    assert not pool_shelf._ready


def test_only_the_last_evaluation_is_built_ahead_and_no_more_than_there_is_room_for(monkeypatch):
    built = []
    for key in "ab":
        pool_shelf.take(key, 10, lambda key=key: built.append(key))
    pool_shelf.restock()
    assert built == ["a", "b", "a", "b"]
    monkeypatch.setattr(pool_shelf, "MOST", 15)
    for key in "cd":
        pool_shelf.take(key, 10, lambda key=key: built.append(key) or key)
    pool_shelf.restock()
    assert list(pool_shelf._ready) == ["c"]


def test_without_an_evaluation_in_between_the_shelf_stays_as_it_is():
    pool_shelf.take("a", 1, lambda: "pool")
    pool_shelf.restock()
    pool_shelf.restock()
    assert pool_shelf._ready == {"a": "pool"}


def test_what_is_remembered_does_not_grow_where_nobody_restocks():
    for key in range(1000):
        pool_shelf.take(key, 16, lambda: "pool")
    assert len(pool_shelf._used) == pool_shelf.MOST // 16
