"""Contact sheets: one picture within its limit of bytes, the same every time, with captions that can be read."""

import io

import numpy as np
import pytest
from PIL import Image

from fastheur.errors import ConfigError
from fastheur.replaying.sheet import LEAST_WIDTH, LONGEST, contact_sheet

PAPER = (18, 20, 26)


def read(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def game(number, height=420, width=320):
    """A picture of few colours, like a game's."""
    image = np.zeros((height, width, 3), np.uint8)
    image[100:160:, 16:-16] = (66, 72, 200)
    image[300 + number : 304 + number, 8 * number : 8 * number + 2] = (200, 72, 72)
    return image


def noise(seed, height=240, width=320):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def tiles(picture, count):
    return [(picture(number), f"step {number}: before losing a life") for number in range(count)]


def test_pictures_of_few_colours_keep_every_pixel():
    sheet = read(contact_sheet(tiles(game, 4), "a title"))
    wanted = game(3)
    rows, columns = (range(edge - size + 1) for edge, size in zip(sheet.shape[:2], wanted.shape[:2], strict=True))
    assert any(
        (sheet[row : row + 420, column : column + 320] == wanted).all()
        for row in rows
        for column in columns
        if (sheet[row + 303, column + 24] == (200, 72, 72)).all()
    )


@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
@pytest.mark.parametrize("shape", [(420, 320), (480, 640), (360, 480), (84, 84), (20, 900)])
def test_a_sheet_is_never_larger_than_models_see(count, shape):
    png = contact_sheet([(game(1, *shape), "a caption " * 9)] * count, "title " * 60)
    assert max(read(png).shape) <= LONGEST and len(png) <= 200_000


def test_noise_fits_by_fewer_colours_and_smaller_tiles_before_any_is_left_out():
    png = contact_sheet(tiles(noise, 6), "noise")
    sheet = read(png)
    assert len(png) <= 200_000 and sheet.shape[1] >= 3 * LEAST_WIDTH
    title = read(contact_sheet(tiles(game, 6), "noise"))[12:32, 12:90]
    assert (sheet[12:32, 12:90] == title).all()  # nothing was left out


def test_tiles_that_do_not_fit_are_left_out_and_the_title_says_so():
    few, one = (read(contact_sheet(tiles(noise, 6), "noise", most)) for most in (45_000, 16_000))
    assert few.shape[0] > one.shape[0] and one.shape[1] >= 2 * LEAST_WIDTH
    plain = read(contact_sheet(tiles(noise, 1), "noise", 16_000))
    assert plain.shape[1] == one.shape[1] and (plain[:30] != one[:30]).any()


def test_less_than_one_picture_is_an_error_that_says_how_to_mend_it():
    with pytest.raises(ConfigError, match="Not one picture fits into 1,000 bytes; allow more"):
        contact_sheet(tiles(noise, 3), "noise", 1000)
    with pytest.raises(ConfigError, match="needs at least one picture"):
        contact_sheet([], "nothing")


@pytest.mark.parametrize("picture", [game, noise])
def test_the_same_tiles_make_the_same_bytes(picture):
    assert contact_sheet(tiles(picture, 3), "a") == contact_sheet(tiles(picture, 3), "a")


@pytest.mark.parametrize("picture", [game, noise])
def test_letters_stay_white_on_dark_whatever_the_pictures_are_like(picture):
    sheet = read(contact_sheet(tiles(picture, 2), "a title of the sheet"))
    title = sheet[12:32]
    assert (title[0, 0] == PAPER).all() and (title == 255).all(-1).sum() > 50


def test_bright_things_stay_bright_where_most_is_dark():
    dark = np.random.default_rng(0).integers(0, 60, (480, 640, 1)).astype(np.uint8).repeat(3, 2)
    dark[200:260, 300:360] = 250
    sheet = read(contact_sheet([(dark, "")] * 9, "", 150_000))
    assert ((sheet > 225) & (sheet < 255)).all(-1).sum() > 200
