"""Whole evaluation path over bare EnvPool, as pytest-benchmark rows; `fastheur bench` prints the same as one table.

The timed call is one block-by-block duel on twin pools. What counts is in ``extra_info``: both speeds and their ratio.
"""

import pytest

from fastheur.benchmark import CONTESTS, run_contest

SLOTS, STEPS, REPEATS = 64, 120, 5


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda contest: contest.name)
def test_path_over_bare_envpool(benchmark, contest):
    settings = {"slots": SLOTS, "threads": 0, "steps": STEPS, "repeats": REPEATS}
    row = benchmark.pedantic(run_contest, args=(contest,), kwargs=settings, rounds=1, iterations=1)
    benchmark.extra_info.update(row.to_dict())
    print(f"\n{row.name}: {row.fastheur:,.0f} over {row.envpool:,.0f} steps/s = {row.ratio:.3f}")
