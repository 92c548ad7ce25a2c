"""Slow, plainly right NumPy and Python twins of every function in ``fastheur._core``.

Only tests and benchmarks use them. Names, arguments and results are those of the compiled module, except
that checks of the arguments, ``out`` and ``threads`` are left out.
"""

from __future__ import annotations

from collections import deque

import numpy as np

HASH_START = 0x243F6A8885A308D3
_WORD = 2**64

# The Arcade Learning Environment's NTSC palette as RRGGBB, one hue per line, as ale-py 0.12.1 shows it.
_HUES = """
000000 4a4a4a 6f6f6f 8e8e8e aaaaaa c0c0c0 d6d6d6 ececec
484800 69690f 86861d a2a22a bbbb35 d2d240 e8e84a fcfc54
7c2c00 904811 a26221 b47a30 c3903d d2a44a dfb755 ecc860
901c00 a33915 b55328 c66c3a d5824a e39759 f0aa67 fcbc74
940000 a71a1a b83232 c84848 d65c5c e46f6f f08080 fc9090
840064 97197a a8308f b846a2 c659b3 d46cc3 e07cd2 ec8ce0
500084 68199a 7d30ad 9246c0 a459d0 b56ce0 c57cee d48cfc
140090 331aa3 4e32b5 6848c6 7f5cd5 956fe3 a980f0 bc90fc
000094 181aa7 2d32b8 4248c8 545cd6 656fe4 7580f0 8490fc
001c88 183b9d 2d57b0 4272c2 548ad2 65a0e1 75b5ef 84c8fc
003064 185080 2d6d98 4288b0 54a0c5 65b7d9 75cceb 84e0fc
004030 18624e 2d8169 429e82 54b899 65d1ae 75e7c2 84fcd4
004400 1a661a 328432 48a048 5cba5c 6fd26f 80e880 90fc90
143c00 355f18 527e2d 6e9c42 87b754 9ed065 b4e775 c8fc84
303800 505916 6d762b 88923e a0ab4f b7c25f ccd86e e0ec7c
482c00 694d14 866a26 a28638 bb9f47 d2b656 e8cc63 fce070
"""
PALETTE = np.array([list(bytes.fromhex(colour)) for colour in _HUES.split()], np.uint8)

ACCUMULATOR = np.dtype(
    [
        ("ret", "f8"),
        ("discounted", "f8"),
        ("discount", "f8"),
        ("best", "f8"),
        ("worst", "f8"),
        ("length", "i8"),
        ("last_reward_step", "i8"),
        ("action_hash", "u8"),
        ("lives", "i4"),
        ("lives_lost", "i4"),
    ]
)
COMPONENT = np.dtype(
    [("area", "i4"), ("top", "i4"), ("bottom", "i4"), ("left", "i4"), ("right", "i4"), ("y", "f4"), ("x", "f4")]
)


def score_reset(acc, slots, lives):
    """Twin of ``_core.score_reset``."""
    for slot, left in zip(slots.tolist(), lives.tolist(), strict=True):
        acc[slot] = (0.0, 0.0, 1.0, 0.0, 0.0, 0, -1, HASH_START, left, 0)


def score_step(acc, slots, rewards, lives, gamma=1.0):
    """Twin of ``_core.score_step``."""
    for slot, reward, left in zip(slots.tolist(), rewards.tolist(), lives.tolist(), strict=True):
        row = acc[slot]
        row["ret"] += reward
        row["discounted"] += row["discount"] * reward
        row["discount"] *= gamma
        row["best"] = max(row["best"], row["ret"])
        row["worst"] = min(row["worst"], row["ret"])
        row["length"] += 1
        if reward != 0:
            row["last_reward_step"] = row["length"]
        row["lives_lost"] += max(0, int(row["lives"]) - left)
        row["lives"] = left


def hash_actions(acc, slots, actions):
    """Twin of ``_core.hash_actions``."""
    words = (actions + 0.0 if actions.dtype == np.float64 else actions).view(np.uint64)
    rows = words.tolist() if words.ndim == 2 else [[word] for word in words.tolist()]
    for slot, row in zip(slots.tolist(), rows, strict=True):
        state = int(acc["action_hash"][slot])
        for word in row:
            state = (state + 0x9E3779B97F4A7C15) % _WORD ^ word
            state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % _WORD
            state = (state ^ state >> 27) * 0x94D049BB133111EB % _WORD
            state ^= state >> 31
        acc["action_hash"][slot] = state


def _first(bad):
    return int(np.argmax(bad)) if bad.any() else -1


def check_discrete(actions, n):
    """Twin of ``_core.check_discrete``."""
    return _first((actions < 0) | (actions >= n))


def check_continuous(actions, low, high):
    """Twin of ``_core.check_continuous``."""
    return _first((~(np.isfinite(actions) & (actions >= low) & (actions <= high))).ravel())


class Transitions:
    """Twin of ``_core.Transitions``: columns as lists, with the rows of the last step only."""

    def __init__(self, slots):
        self._slot_of = slots.tolist()
        self._episode_of = [-1] * len(slots)
        self._starting = [False] * len(slots)

    def begin(self, place, episode):
        """Twin of ``_core.Transitions.begin``."""
        self._episode_of[place], self._starting[place] = episode, True

    def absorb(self, ids, reward, done, cut, elapsed, over=None, lives=None):
        """Twin of ``_core.Transitions.absorb``."""
        places = ids.tolist()
        self.slots = [self._slot_of[place] for place in places]
        self.episodes = [self._episode_of[place] for place in places]
        self.first = []
        for place in places:  # a place that comes twice is first once
            self.first.append(self._starting[place])
            self._starting[place] = False
        self.lives = [0] * len(places) if lives is None else lives.tolist()
        self.reward, self.elapsed = reward.astype(np.float64).tolist(), elapsed.tolist()
        game_over = [False] * len(places) if over is None else (over != 0).tolist()
        self.truncated = [bool(c) and not o for c, o in zip(cut, game_over, strict=True)]
        self.terminated = [bool(d) and not t for d, t in zip(done, self.truncated, strict=True)]
        self.live = [row for row in range(len(places)) if not done[row] and not self.truncated[row]]
        return len(self.live), sum(self.first), max([0, *self.elapsed])


def palette_index(frames):
    """Twin of ``_core.palette_index``."""
    result = np.full((frames.shape[0], *frames.shape[2:]), 255, np.uint8)
    for index, colour in enumerate(PALETTE):
        result[(frames == colour[:, None, None]).all(axis=1)] = index
    return result


def palette_rgb(index, table):
    """Twin of ``_core.palette_rgb``."""
    return np.ascontiguousarray(table[index].transpose(0, 3, 1, 2))


def grey(frames):
    """Twin of ``_core.grey``."""
    red, green, blue = frames.astype(np.uint32).transpose(1, 0, 2, 3)
    return ((9798 * red + 19235 * green + 3735 * blue + 16384) >> 15).astype(np.uint8)


def crop(frames, top, bottom, left, right):
    """Twin of ``_core.crop``."""
    return np.array(frames[..., top:bottom, left:right], order="C")


def area_downsample(planes, factor_y, factor_x):
    """Twin of ``_core.area_downsample``."""
    frames, height, width = planes.shape[0], planes.shape[1] // factor_y, planes.shape[2] // factor_x
    whole = planes[:, : height * factor_y, : width * factor_x]
    sums = whole.reshape(frames, height, factor_y, width, factor_x).sum(axis=(2, 4), dtype=np.int64)
    if (factor_y, factor_x) == (2, 2):
        return ((sums + 2) // 4).astype(np.uint8)
    # The product in float32 is part of the promise: OpenCV's ties follow it.
    return np.rint(sums.astype(np.float32) * np.float32(1 / (factor_y * factor_x))).astype(np.uint8)


def frame_max(a, b):
    """Twin of ``_core.frame_max``."""
    return np.maximum(a, b)


def frame_difference(a, b):
    """Twin of ``_core.frame_difference``."""
    return np.abs(a.astype(np.int16) - b.astype(np.int16)).astype(np.uint8)


def colour_mask(frames, colours):
    """Twin of ``_core.colour_mask``."""
    same = frames[:, None] == colours[None, :, :, None, None]
    return same.all(axis=2).astype(np.uint8)


def shade_mask(frames, shades, owners, planes, every_y=1, every_x=1):
    """Twin of ``_core.shade_mask``."""
    red, green, blue = frames[:, :, ::every_y, ::every_x].astype(np.int64).transpose(1, 0, 2, 3)
    masks = np.zeros((red.shape[0], planes, *red.shape[1:]), np.uint8)
    for shade, owner in zip(shades, owners, strict=True):
        sizes = np.stack([red, green, blue, red - green, green - blue], axis=-1)
        masks[:, owner] |= ((sizes >= shade[::2]) & (sizes <= shade[1::2])).all(axis=-1)
    return masks


def connected_components(masks, max_components, min_area=1, connectivity=4):
    """Twin of ``_core.connected_components``: one flood fill per component."""
    counts = np.zeros(len(masks), np.int32)
    components = np.zeros((len(masks), max_components), COMPONENT)
    for frame, mask in enumerate(masks):
        found = [pixels for pixels in _floods(mask, connectivity) if len(pixels) >= min_area]
        described = [_described(pixels) for pixels in found]
        # Sorting is stable: equal keys stay in raster order of their first pixels.
        described.sort(key=lambda c: (-c[0], c[1], c[3]))
        counts[frame] = len(described)
        for place, component in enumerate(described[:max_components]):
            components[frame, place] = component
    return counts, components


def _described(pixels):
    y, x = np.array(pixels, np.int64).T
    return len(y), y.min(), y.max() + 1, x.min(), x.max() + 1, y.mean(), x.mean()


def _floods(mask, connectivity):
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    if connectivity == 8:
        steps += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    open_ = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    for seed in sorted(open_):
        if seed not in open_:
            continue
        open_.remove(seed)
        pixels, waiting = [], deque([seed])
        while waiting:
            y, x = waiting.popleft()
            pixels.append((y, x))
            for dy, dx in steps:
                if (y + dy, x + dx) in open_:
                    open_.remove((y + dy, x + dx))
                    waiting.append((y + dy, x + dx))
        yield pixels
