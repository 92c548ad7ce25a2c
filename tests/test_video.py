"""Videos: whole or not at all, at the game's true speed, and sharp enough to see one pixel of a game."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction

import av
import numpy as np
import pytest
from disks import small_disk, small_files

from fastheur.drafts import DRAFT
from fastheur.errors import ConfigError
from fastheur.replaying.frames import Frame
from fastheur.replaying.overlay import Overlay
from fastheur.replaying.video import MOST_PER_S, Video, thinned


def pictures(count, height=64, width=96):
    """Grey pictures on which a block of one game pixel, two by two, moves on; the shade counts the pictures."""
    for number in range(count):
        image = np.full((height, width, 3), 40 + number % 150, np.uint8)
        row, column = 2 * (number % (height // 2)), 2 * (3 * number % (width // 2))
        image[row : row + 2, column : column + 2] = (200, 72, 72)
        yield image


def write(path, count, frames_per_s, **shape):
    with Video(path, frames_per_s) as video:
        for image in pictures(count, **shape):
            video.add(image)
    return video


def read(path):
    with av.open(str(path)) as container:
        [stream] = container.streams.video
        return stream, container.duration / av.time_base, [one.to_ndarray(format="rgb24") for one in container.decode()]


@pytest.mark.parametrize(
    "given, every, rate",
    [(60, 1, Fraction(60)), (15, 1, Fraction(15)), (125, 3, Fraction(125, 3)), (61, 2, Fraction(61, 2)),
     (120, 2, Fraction(60)), (20.0, 1, Fraction(20)), (17.5, 1, Fraction(35, 2)), (1e4, 167, Fraction(10000, 167))],
)  # fmt: skip
def test_pictures_are_dropped_at_even_distances_to_keep_the_true_speed(given, every, rate):
    assert thinned(given) == (every, rate)


def test_no_speed_asks_for_more_than_screens_show_and_none_is_changed():
    for given in np.geomspace(0.5, 5000, 400):
        every, rate = thinned(given)
        assert rate <= MOST_PER_S and abs(every * rate - given) <= 1e-3
        assert every == 1 or Fraction(given) / (every - 1) > MOST_PER_S - 0.01


@pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(given, tmp_path):
    with pytest.raises(ConfigError, match="expected more than 0"):
        Video(tmp_path / "a.mp4", given)


@pytest.mark.parametrize("frames_per_s, shown, rate", [(60, 100, 60), (17.5, 100, 17.5), (125, 34, 125 / 3)])
def test_a_video_has_every_picture_at_its_time(tmp_path, frames_per_s, shown, rate):
    path = tmp_path / "a.mp4"
    video = write(path, 100, frames_per_s)
    stream, duration, images = read(path)
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert (stream.width, stream.height, len(images), video.written) == (96, 64, shown, shown)
    assert abs(float(stream.average_rate) - rate) < 0.01 and abs(duration - shown / rate) < 0.01
    for image, wanted in zip(images, list(pictures(100))[:: video.every], strict=True):
        error = abs(image.astype(int) - wanted)
        assert error.mean() < 3 and error.max() < 64


def test_the_last_picture_is_always_shown(tmp_path):
    write(tmp_path / "a.mp4", 6, 125)
    images = read(tmp_path / "a.mp4")[2]
    assert len(images) == 3 and abs(images[-1].astype(int) - list(pictures(6))[-1]).mean() < 3


def test_a_picture_that_is_not_due_need_not_be_composed(tmp_path):
    composed = 0
    with Video(tmp_path / "a.mp4", 125) as video:
        for image in pictures(30):
            if video.due:
                video.add(image)
                composed += 1
            else:
                video.skip()
    assert composed == len(read(tmp_path / "a.mp4")[2]) == 10


def test_a_picture_may_be_changed_after_it_was_added(tmp_path):
    image = np.zeros((64, 64, 3), np.uint8)
    with Video(tmp_path / "a.mp4", 120) as video:
        for shade in (10, 60, 110, 160):
            image[:] = shade
            video.add(image)
        image[:] = 255
    assert [round(one.mean(), -1) for one in read(tmp_path / "a.mp4")[2]] == [10, 110, 160]


def test_browsers_can_start_anywhere_and_before_all_is_loaded(tmp_path):
    write(tmp_path / "a.mp4", 60 * 9, 60)
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "a.mp4")) as container:
        keys = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe]
        apart = 4 / container.streams.video[0].time_base
    assert keys == [0, apart, 2 * apart]


def test_letters_and_single_pixels_of_a_real_panel_stay_sharp(tmp_path):
    picture = np.zeros((210, 160, 3), np.uint8)
    picture[57:87, 8:152] = (66, 72, 200)
    overlay, images = Overlay("atari/breakout, trial 17"), []
    with Video(tmp_path / "a.mp4", 60) as video:
        for step in range(90):
            shown = picture.copy()
            shown[100 + step % 80, 20 + step] = (200, 72, 72)
            images.append(overlay.compose(Frame(step, shown, "FIRE", 0.0, step / 3, 5, {"x": step, "way": step / 7})))
            video.add(images[-1])
    for image, wanted in zip(read(tmp_path / "a.mp4")[2], images, strict=True):
        assert np.percentile(abs(image.astype(int) - wanted), 99.9) < 32
        ball = (wanted[:, :320] == (200, 72, 72)).all(-1)
        assert abs(image[:, :320][ball].mean(0) - (200, 72, 72)).max() < 48
    assert (tmp_path / "a.mp4").stat().st_size < 90_000


def test_a_failed_replay_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"older")
    with pytest.raises(ZeroDivisionError), Video(path, 60) as video:
        for image in pictures(20):
            video.add(image)
        raise ZeroDivisionError
    assert path.read_bytes() == b"older" and os.listdir(tmp_path) == ["a.mp4"]


def test_a_video_of_nothing_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(ConfigError, match="not one picture was added"), Video(tmp_path / "a.mp4", 60):
        pass
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("path", ["missing/a.mp4", "file/a.mp4"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"Cannot write .*a\.mp4: (No such file|Not a directory)"):
        write(tmp_path / path, 3, 60)


@pytest.mark.parametrize("disk", [small_disk, small_files])
def test_a_full_disk_is_a_clear_error_and_leaves_no_draft(tmp_path, disk):
    noise = np.random.default_rng(0)
    folder = tmp_path / "disk"
    folder.mkdir()
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with disk(folder) as found:
            found.leave(40)
            message = r"Cannot write .*a\.mp4: (No space left|File too large)"
            with pytest.raises(ConfigError, match=message), Video(folder / "a.mp4", 60) as video:
                for _ in range(60):
                    video.add(noise.integers(0, 256, (240, 320, 3), np.uint8))
            assert not [name for name in os.listdir(folder) if name.startswith("a.mp4")]
    finally:
        signal.signal(signal.SIGXFSZ, handler)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.getrlimit(resource.RLIMIT_FSIZE)[1]


def test_the_encoder_says_nothing_and_a_kill_leaves_a_draft_only(tmp_path):
    code = textwrap.dedent(f"""
        import os, signal, numpy as np
        from pathlib import Path
        from fastheur.replaying.video import Video
        image = np.zeros((64, 64, 3), np.uint8)
        for name in ("whole.mp4", "killed.mp4"):
            with Video(Path({str(tmp_path)!r}) / name, 60) as video:
                for _ in range(9):
                    video.add(image)
                if name == "killed.mp4":
                    os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL and done.stdout == done.stderr == ""
    assert set(os.listdir(tmp_path)) == {"whole.mp4", "killed.mp4" + DRAFT}
