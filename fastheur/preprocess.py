"""Applies the preprocessing a policy declares (:class:`fastheur.policy.Frame`) to whole batches of raw frames."""

from dataclasses import astuple, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur import _core
from fastheur.errors import PolicyError
from fastheur.policy import Frame
from fastheur.spec import Spec

Array = npt.NDArray[Any]


class Preprocessor:
    """Turns raw RGB frames ``(R, 3, H, W)`` uint8 into what ``frame`` asks for; remembers the last frame of each slot.

    ``spec`` is the task with the observation that the policy will see.
    """

    def __init__(self, frame: Frame, spec: Spec, slots: int, policy_name: str) -> None:
        if spec.obs_dtype != np.uint8 or len(spec.obs_shape) != 3 or spec.obs_shape[0] != 3:
            raise PolicyError(
                f"{policy_name} declares FRAME, which works on RGB frames (3, H, W); this task and mode give {spec.obs_text}."
            )
        self._frame = frame
        height, width = spec.obs_shape[1:]
        self._crop = frame.crop or (0, height, 0, width)
        top, bottom, left, right = self._crop
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise PolicyError(
                f"{policy_name}: FRAME crop {self._crop} is outside the frame of {height} x {width} pixels."
            )
        if min(frame.downsample) < 1 or frame.downsample[0] > bottom - top or frame.downsample[1] > right - left:
            raise PolicyError(f"{policy_name}: FRAME downsample {frame.downsample} does not fit the cropped frame.")
        self._colours = np.array(frame.colours, np.uint8).reshape(-1, 3)
        planes = [plane if isinstance(plane, tuple) else (plane,) for plane in frame.shades]
        bounds = [astuple(shade) for plane in planes for shade in plane]
        self._shades = np.array(bounds, np.int16).reshape(-1, 10)
        self._owners = np.array([number for number, plane in enumerate(planes) for _ in plane], np.int32)
        probe = self._formatted(np.zeros((1, 3, bottom - top, right - left), np.uint8))
        self.spec = replace(spec, obs_shape=probe.shape[1:], obs_dtype=probe.dtype)
        self._raw = np.zeros((slots, 3, bottom - top, right - left), np.uint8) if frame.maximum else None
        self._last = np.zeros((slots, *probe.shape[1:]), np.uint8) if frame.difference else None

    def apply(self, obs: Array, slots: Array, first: Array | None) -> Array:
        """Return the processed batch.

        Args:
            obs: uint8 (R, 3, H, W). slots: int32 (R,). first: bool (R,), rows whose slot has no previous frame;
                ``None`` for none.
        """
        frames = obs if self._frame.crop is None else _core.crop(obs, *self._crop)
        if self._raw is not None:
            previous = self._raw[slots]
            if first is not None:
                previous[first] = frames[first]
            self._raw[slots] = frames
            frames = _core.frame_max(frames, previous)
        result = self._formatted(frames)
        if self._last is not None:
            previous = self._last[slots]
            if first is not None:
                previous[first] = result[first]
            self._last[slots] = result
            result = _core.frame_difference(result, previous)
        return result

    def _formatted(self, frames: Array) -> Array:
        kind = self._frame.format
        if kind == "palette":
            return _core.palette_index(frames)
        if kind in ("masks", "components"):
            masks = self._masks(frames)
            return masks if kind == "masks" else self._components(masks)
        planes = _core.grey(frames) if kind == "grey" else frames
        if self._frame.downsample == (1, 1):
            return planes
        small = _core.area_downsample(planes.reshape(-1, *planes.shape[-2:]), *self._frame.downsample)
        return small.reshape(*planes.shape[:-2], *small.shape[-2:])

    def _masks(self, frames: Array) -> Array:
        if not self._frame.shades:
            return _core.colour_mask(frames, self._colours)
        return _core.shade_mask(frames, self._shades, self._owners, len(self._frame.shades), *self._frame.every)

    def _components(self, masks: Array) -> Array:
        rows, colours, height, width = masks.shape
        flat = masks.reshape(rows * colours, height, width)
        _, found = _core.connected_components(flat, self._frame.most, self._frame.min_area)
        return found.reshape(rows, colours, self._frame.most)
