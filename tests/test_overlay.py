"""Overlays: pictures of one even size, sharp, with marks where the policy put them and the values it had."""

import numpy as np
import pytest

from fastheur.replaying.frames import Frame, Mark
from fastheur.replaying.lettering import Lettering
from fastheur.replaying.marking import marks_of
from fastheur.replaying.overlay import BRIGHT, HELD, PLAIN, Overlay, enlargement
from fastheur.replaying.painting import COLOURS

ATARI = np.random.default_rng(0).integers(0, 256, (210, 160, 3)).astype(np.uint8)
BLACK = np.zeros((210, 160, 3), np.uint8)


def frame(picture=BLACK, **changes):
    given = {"action": "FIRE", "reward": 0.0, "score": 3.0, "lives": 4, "state": {"ball_x": 5, "way": 1 / 3}}
    return Frame(changes.pop("step", 1), picture, **(given | changes))


def panel(image, picture=BLACK):
    return image[:, picture.shape[1] * enlargement(*picture.shape[:2]) :]


def has(image, colour):
    return bool((image == np.array(colour)).all(axis=-1).any())


@pytest.mark.parametrize("shape", [(210, 160), (240, 320), (360, 480), (84, 84), (211, 161), (1, 1), (481, 641)])
def test_the_game_is_enlarged_by_a_whole_factor_and_the_size_is_even(shape):
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    overlay = Overlay("task, trial 3")
    image = overlay.compose(frame(picture))
    factor = enlargement(*shape)
    large = picture.repeat(factor, 0).repeat(factor, 1)
    top = (image.shape[0] - large.shape[0]) // 2 & ~1
    assert (image[top : top + large.shape[0], : large.shape[1]] == large).all()
    assert image.shape[0] % 2 == image.shape[1] % 2 == 0 and image.dtype == np.uint8
    assert overlay.compose(frame(picture, lives=0, state={}, action="", marks=(Mark("a", 1, 1),))).shape == image.shape


def test_atari_and_vizdoom_are_doubled_and_robots_stay_as_they_are():
    assert [enlargement(*shape) for shape in ((210, 160), (240, 320), (360, 480))] == [2, 2, 1]


def test_a_picture_once_composed_never_changes():
    overlay = Overlay("a")
    first = overlay.compose(frame())
    kept = first.copy()
    overlay.compose(frame(ATARI, step=2, state={"ball_x": 99, "way": 5.0}))
    assert (first == kept).all()
    assert (overlay.compose(frame(ATARI)) != kept).any()


def test_a_value_that_changed_is_bright_for_a_while():
    overlay = Overlay("a")
    still = frame()
    assert not has(panel(overlay.compose(still)), BRIGHT)
    changed = frame(state={"ball_x": 6, "way": 1 / 3})
    shown = [has(panel(overlay.compose(changed)), BRIGHT) for _ in range(HELD + 3)]
    assert shown == [True] * HELD + [False] * 3
    assert has(panel(overlay.compose(changed)), PLAIN)


def test_what_does_not_fit_is_counted_and_the_first_fields_are_shown():
    many = {f"field_{number}": number for number in range(300)}
    overlay = Overlay("a " * 500)
    image = overlay.compose(frame(state=many))
    again = overlay.compose(frame(state=many | {"field_299": 7}))
    assert (image == again).all()
    assert (overlay.compose(frame(state=many | {"field_0": 7})) != image).any()


def test_only_the_fields_that_are_asked_for_are_shown():
    values = {"a": 1, "b": 2}
    overlay = Overlay("a", fields=["b"])
    image = overlay.compose(frame(state=values))
    assert (overlay.compose(frame(state=values | {"a": 5})) == image).all()
    assert (overlay.compose(frame(state=values | {"b": 5})) != image).any()


@pytest.mark.parametrize("value", [10**300, -(10**300), float("nan"), float("inf"), -1e-300, True, 2**63])
def test_any_value_can_be_shown(value):
    Overlay("\x1b[2J\n\N{SNOWMAN}").compose(
        frame(state={"x": value, "a" * 300: value}, score=value if value < 9e99 else 0.0)
    )


def test_a_mark_sits_on_its_pixel_and_keeps_its_colour():
    overlay = Overlay("a")
    ball, box = Mark("ball", 50, 60), Mark("paddle", 80.0, 190.0, 16, 4)
    both = overlay.picture(frame(marks=(ball, box)))
    alone = overlay.picture(frame(marks=(box,)))
    assert has(both, COLOURS[0]) and not has(alone, COLOURS[0]) and has(alone, COLOURS[1])
    ys, xs = np.nonzero((both[:, :150] == np.array(COLOURS[0])).all(-1))
    arms = xs <= 2 * 50 + 14
    assert abs((xs[arms].min() + xs[arms].max()) / 2 - 100.5) <= 1 and abs(ys.max() - 14 - 121) <= 4
    ys, xs = np.nonzero((alone[2 * 190 - 8 :, :] == np.array(COLOURS[1])).all(-1))
    assert 15 * 2 <= xs.max() - xs.min() <= 18 * 2 + 4
    assert not both[121, 101].any()  # what is marked stays to be seen


@pytest.mark.parametrize(
    "x, y", [(None, 5), (5, None), (None, None), (1e300, 3), (-7, 3), (3, 1e9), (159, 209), (0, 0)]
)
@pytest.mark.parametrize("size", [(0, 0), (1e200, 3), (5, 9)])
@pytest.mark.parametrize("shape", [(210, 160), (3, 5)])
def test_marks_may_lie_anywhere(x, y, size, shape):
    picture = np.full((*shape, 3), 77, np.uint8)
    Overlay("a").compose(frame(picture, marks=(Mark("a long label", x, y, *size),)))


def test_marks_take_their_places_from_the_state():
    declared = {"ball": (("x", -48), ("y", 0)), "wall": (("x", 0), None), "goal": (8, 9, ("w", 1), 4), "spot": (1, 2.5)}
    assert marks_of(declared, {"x": 50, "y": 7, "w": 1.5}) == (
        Mark("ball", 2, 7), Mark("wall", 50, None), Mark("goal", 8, 9, 2.5, 4), Mark("spot", 1, 2.5),
    )  # fmt: skip


@pytest.mark.parametrize(
    "state", [{"x": float("nan"), "y": 1}, {"x": 47, "y": 1}, {"x": 50, "y": float("inf")}, {"x": 50}]
)
def test_a_coordinate_that_is_negative_or_no_number_hides_its_mark(state):
    assert marks_of({"ball": (("x", -48), ("y", 0)), "spot": (0, 0)}, state) == (Mark("spot", 0, 0),)


def test_a_box_without_a_size_is_hidden():
    assert marks_of({"box": (1, 2, ("w", 0), 3)}, {"w": 0}) == ()


def test_text_is_cut_to_its_width_and_digits_are_equally_wide():
    letters = Lettering(13, (0, 0, 0))
    assert len({letters.strip(digit * 4, BRIGHT).shape for digit in "0123456789"}) == 1
    assert letters.strip("a long text", BRIGHT, 30).shape == (letters.height, 30, 3)
    assert letters.width(letters.cut("a long text", 30)) <= 30 and letters.cut("a", 30) == "a"
    assert letters.lines("one two three four five", 60, 2)[1].endswith("…")
    assert letters.strip("", BRIGHT).shape[1] == 0 and not letters.strip("", BRIGHT, 9).any()
