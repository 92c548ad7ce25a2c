"""Seeds of the three splits: disjoint by construction, one per episode index.

A seed is a non-negative int32, ``split tag << 28 | permuted index``. The tag keeps the splits apart; the permutation
(a four-round Feistel network over 28 bits with BLAKE2b as its round function) is a bijection, so no index repeats a
seed. ``train`` and ``validation`` use published keys. ``sealed`` uses a secret drawn per call: nobody can have tuned to
seeds that did not exist, and the commitment, shown before the secret, lets anyone check it afterwards.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from functools import cache, partial

SPLITS = ("train", "validation", "sealed")
CAPACITY = 1 << 28
"""Episodes per split."""

_TAG = {"train": 1, "validation": 2, "sealed": 3}
_PUBLISHED = {"train": b"fastheur split train v1", "validation": b"fastheur split validation v1"}
_HALF_BITS = 14
_HALF_MASK = (1 << _HALF_BITS) - 1


def draw_secret() -> str:
    """Return a fresh 256-bit secret for the sealed split, as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def commitment(secret: str) -> str:
    """Return the SHA-256 of ``secret`` in hexadecimal: published before the run, checked against it after."""
    return hashlib.sha256(b"fastheur sealed v1:" + secret.encode()).hexdigest()


def episode_seeds(split: str, first: int, count: int, secret: str | None = None) -> list[int]:
    """Return the environment seeds of the episodes ``first .. first + count - 1`` of a split.

    Args:
        split: ``train``, ``validation`` or ``sealed``.
        first: index of the first episode, from 0.
        count: number of episodes.
        secret: the sealed split's secret from :func:`draw_secret`; ``None`` for the other splits.

    Returns:
        ``count`` distinct ints in ``[0, 2**31)``, distinct from every seed of the other splits.
    """
    if split not in _TAG:
        raise ValueError(f"split is {split!r}, expected one of {', '.join(SPLITS)}")
    if (split == "sealed") != (secret is not None):
        raise ValueError(f"split {split!r} {'needs' if split == 'sealed' else 'takes no'} secret")
    if first < 0 or count < 0 or first + count > CAPACITY:
        raise ValueError(f"episodes {first}..{first + count - 1} are outside 0..{CAPACITY - 1}")
    key = hashlib.blake2b(_PUBLISHED.get(split, b"") + (secret or "").encode()).digest()
    turns = [cache(partial(_round, key, turn)) for turn in range(4)]  # each is asked for 2**14 values at most
    return [_TAG[split] << 28 | _permute(index, turns) for index in range(first, first + count)]


def stream_key(seed: int) -> int:
    """Return the 64-bit key of a policy's own random stream in the episode with this environment seed.

    It is one-way: the seed cannot be read back from the numbers a policy draws.
    """
    return int.from_bytes(hashlib.blake2b(b"fastheur policy stream v1:%d" % seed, digest_size=8).digest(), "little")


def _permute(index: int, turns: Sequence[Callable[[int], int]]) -> int:
    left, right = index >> _HALF_BITS, index & _HALF_MASK
    for turn in turns:
        left, right = right, left ^ turn(right)
    return left << _HALF_BITS | right


def _round(key: bytes, turn: int, half: int) -> int:
    digest = hashlib.blake2b(bytes([turn]) + half.to_bytes(2, "little"), key=key, digest_size=2).digest()
    return int.from_bytes(digest, "little") & _HALF_MASK
