"""Baking: the values are the new defaults, exactly, and the rest of the file is as its author wrote it."""

import difflib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastheur.baking import DIGITS, bake
from fastheur.loading import policy_from_source

HEAD = 'from fastheur.policy import Param\nOBS = "ram"\n'
TAIL = "def act(obs, info, state, params):\n    return params.whole\n"
LITERAL = """PARAMS = {  # Größe, µ
    "whole": Param(2, 0, 18),  # steps
    "real": Param( default = -0.5, low=-10.0, high=10.0 ), "free": Param(1.0),
    "pick": Param(3, choices=(1, 3, 5)), "mixed": Param(1, choices=(1, 0.1 + 0.2)),
    "narrow": Param(0.30000000000000004, 0.30000000000000004, 0.4),
}
"""
BUILT = """HALF = Param(1.0)
LIMIT = 18
PARAMS = dict(whole=Param(2, 0, LIMIT), real=Param(-0.5, -10.0, 10.0))
for name in ("free",):
    PARAMS[name] = HALF
PARAMS.update(pick=Param(3, choices=(1, 3, 5)), mixed=Param(1, choices=(1, 0.1 + 0.2)))
PARAMS["narrow"] = Param(0.1 + 0.2, 0.30000000000000004, 0.4)"""
SPREAD = """MORE = {"real": Param(-0.5, -10.0, 10.0), "pick": Param(3, choices=(1, 3, 5))}
PARAMS = {"whole": Param(*(2, 0, 18)), "real": Param(0.0), **MORE, "free": Param(**{"default": 1.0}),
    "mixed": Param(1, choices=(1, 0.1 + 0.2)), "narrow": Param(0.1 + 0.2, 0.1 + 0.2, 0.4)}
"""
FORMS = {"literal": LITERAL + TAIL, "built": TAIL + BUILT, "spread": SPREAD + TAIL}

VALUES = st.fixed_dictionaries(
    {
        "whole": st.integers(0, 18),
        "real": st.floats(-10, 10),
        "free": st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18),
        "pick": st.sampled_from([1, 3, 5]),
        "mixed": st.sampled_from([1.0, 0.1 + 0.2]),
        "narrow": st.sampled_from([0.30000000000000004, 0.4]),
    }
)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30, deadline=None)
@given(values=VALUES)
def test_the_defaults_of_the_baked_policy_are_the_values(form, values):
    source = HEAD + FORMS[form]
    found = policy_from_source(bake(source, values)).values()
    for name, value in values.items():
        assert type(found[name]) is type(value)
        assert math.isclose(found[name], value, rel_tol=10.0**-DIGITS * 5)
        if name not in ("real", "free") or float(f"{value:.{DIGITS}g}") == value:
            assert found[name] == value


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=30, deadline=None)
@given(first=VALUES, second=VALUES)
def test_baking_again_leaves_nothing_of_the_first_time(form, first, second):
    source = HEAD + FORMS[form]
    again = bake(bake(source, first), second)
    assert policy_from_source(again).values() == policy_from_source(bake(source, second)).values()
    assert again.count("\n") <= bake(source, second).count("\n") + 1


def test_nothing_but_the_defaults_changes():
    source = HEAD + LITERAL + TAIL
    baked = bake(source, {"whole": 7, "real": 1 / 3, "pick": 3, "free": -2.5})
    assert '    "whole": Param(7, 0, 18),  # steps\n' in baked
    assert 'Param( default = 0.3333333333, low=-10.0, high=10.0 ), "free": Param(-2.5),' in baked
    changed = [line for line in difflib.ndiff(source.splitlines(), baked.splitlines()) if line[0] in "-+"]
    assert len(changed) == 4
    assert bake(source, policy_from_source(source).values()) == source


def test_text_that_is_not_ascii_and_line_ends_of_windows_do_not_move_the_edit():
    source = HEAD + 'PARAMS = {"größe": Param(1, 0, 5), "whole": Param(2, 0, 9)}\n' + TAIL
    windows = source.replace("\n", "\r\n")
    assert bake(source, {"größe": 4, "whole": 8}) == source.replace("Param(1,", "Param(4,").replace(
        "Param(2,", "Param(8,"
    )
    assert bake(windows, {"whole": 8}) == windows.replace("Param(2,", "Param(8,")


def test_another_maker_of_parameters_is_not_taken_for_param():
    source = (
        HEAD + "def make(low, default):\n    return Param(default, low, 9)\nPARAMS = {'whole': make(0, 3)}\n" + TAIL
    )
    assert policy_from_source(bake(source, {"whole": 5})).values() == {"whole": 5}
