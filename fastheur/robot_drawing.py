"""Draws balls, capsules and cylinders over a chequered floor, in software: one ray per pixel, no OpenGL.

Conventions: metres, z up. The eye keeps its height and its direction and moves along with the robot over the floor, so all
rays, and all that the floor needs of them, are made once. Pixels are float32 while they are computed: it is a picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fastheur.batch import Array

WIDTH, HEIGHT = 480, 360
"""Pixels of the picture."""

_FIELD = math.radians(45.0)
"""Angle of view from the upper to the lower edge, as in MuJoCo's own camera."""

_SKY, _HORIZON = np.array([92.0, 125.0, 163.0]), np.array([204.0, 217.0, 230.0])
_DARK, _LIGHT = np.array([87.0, 97.0, 112.0]), np.array([140.0, 153.0, 168.0])
_AMBIENT, _DIFFUSE, _GLOSS, _SHADOW = 0.38, 0.72, 0.22, 0.55

_TURN = 1 << 16
"""Two floor tiles, light and dark, in the 16 bits of a place on the floor: it wraps around by itself."""


@dataclass(frozen=True)
class View:
    """How a robot is looked at.

    Attributes:
        target: the point in the middle of the picture, seen from the followed place.
        distance: from the eye to it. azimuth, elevation: of the eye, in degrees; azimuth -90 looks along +y, with x to the
            right. tile: edge of a floor tile.
    """

    target: tuple[float, float, float]
    distance: float
    azimuth: float
    elevation: float
    tile: float


@dataclass(frozen=True)
class Solid:
    """A ball (``half`` 0), a capsule, or a cylinder (``flat``).

    Attributes:
        centre, axis: (3,), the axis of length 1. radius, half: half the length without the caps. colour: (3,), 0 to 1.
    """

    centre: Array
    axis: Array
    radius: float
    half: float
    colour: Array
    flat: bool = False


class Drawing:
    """An eye over a floor; see :meth:`draw`."""

    def __init__(self, view: View, floor: float | None) -> None:
        """Make the rays. ``floor`` is the floor's height, None for no floor."""
        azimuth, elevation = math.radians(view.azimuth), math.radians(view.elevation)
        level = math.cos(elevation)
        back = np.array([math.cos(azimuth) * level, math.sin(azimuth) * level, math.sin(elevation)])
        right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
        self._turn = np.stack([right, -np.cross(back, right), -back])  # world to eye: x to the right, y down, z ahead
        self._eye = np.asarray(view.target) + view.distance * back
        self._focus = 0.5 * HEIGHT / math.tan(0.5 * _FIELD)
        light = 0.45 * back - 0.35 * right + np.array([0.0, 0.0, 1.0])
        self._light = light / np.linalg.norm(light)
        self._round, self._round_light = _ring(back), _ring(self._light)
        columns, rows = np.meshgrid(np.arange(WIDTH) - 0.5 * (WIDTH - 1), np.arange(HEIGHT) - 0.5 * (HEIGHT - 1))
        rays = np.stack([columns, rows, np.full_like(rows, self._focus)], axis=-1) @ self._turn
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        self._rays = np.ascontiguousarray(rays.reshape(-1, 3).T, np.float32)
        self._sky = (_HORIZON + np.clip(rays[..., 2:] * 1.6, 0.0, 1.0) * (_SKY - _HORIZON)).astype(np.uint8)
        self._floor = None if floor is None else _Floor(rays, self._eye, floor, view.tile, self._focus)

    def draw(self, place: tuple[float, float], solids: Sequence[Solid]) -> Array:
        """Return the picture of the solids as seen by an eye that has gone along to ``place``.

        Returns:
            uint8 (HEIGHT, WIDTH, 3) RGB.
        """
        image = self._sky.copy()
        eye = self._eye + np.array([*place, 0.0])
        if self._floor is not None:
            self._floor.pave(image, place)
            self._shade(image, eye, solids, self._floor)
        depth = np.full(HEIGHT * WIDTH, np.inf, np.float32)
        owner = np.zeros(HEIGHT * WIDTH, np.uint8)
        for number, solid in enumerate(solids, 1):
            self._cast(image.reshape(-1, 3), depth, owner, eye, solid, number)
        return _smooth(image, owner.reshape(HEIGHT, WIDTH))

    def _shade(self, image: Array, eye: Array, solids: Sequence[Solid], floor: "_Floor") -> None:
        """Darken the floor where a solid stands between it and the light."""
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for solid in solids:
            points = _outline(solid, self._round_light)
            points = points[points[:, 2] > floor.height]
            if len(points) > 2:
                fallen = points - self._light * ((points[:, 2:] - floor.height) / self._light[2])
                self._fill(mask, fallen - eye, 255)
        left, top, width, height = cv2.boundingRect(mask)
        if width:
            part = (slice(max(0, top - 3), top + height + 3), slice(max(0, left - 3), left + width + 3))
            dark = cv2.GaussianBlur(mask[part], (7, 7), 0)[..., None] * np.float32(_SHADOW / 255.0)
            image[part] = image[part] * (1.0 - dark * floor.haze[part])

    def _fill(self, mask: Array, points: Array, value: int) -> None:
        """Fill the hull of the points, (N, 3) as seen from the eye, unless it reaches the eye itself."""
        seen = points @ self._turn.T
        if seen[:, 2].min() > 0.05:
            pixels = seen[:, :2] * (self._focus / seen[:, 2:]) + (0.5 * (WIDTH - 1), 0.5 * (HEIGHT - 1))
            cv2.fillConvexPoly(mask, cv2.convexHull((pixels * 16.0).astype(np.int32)), value, cv2.LINE_AA, 4)

    def _pixels(self, eye: Array, solid: Solid) -> Array:
        """Return the places (N,) of all pixels that the solid may cover."""
        # a pixel more, and what a ball at the picture's edge is stretched by; a flat end's rim stands out further
        margin = float(np.linalg.norm(solid.centre - eye)) / self._focus + (0.5 if solid.flat else 0.25) * solid.radius
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        self._fill(mask, _outline(solid, self._round, margin) - eye, 255)
        left, top, width, height = cv2.boundingRect(mask)
        rows, columns = np.nonzero(mask[top : top + height, left : left + width])
        return (rows + top) * WIDTH + columns + left

    def _cast(self, image: Array, depth: Array, owner: Array, eye: Array, solid: Solid, number: int) -> None:
        """Draw one solid where it is nearer than all before it; images are flat here."""
        pixels = self._pixels(eye, solid)
        start, axis = (eye - solid.centre).astype(np.float32), solid.axis.astype(np.float32)
        rays = self._rays[:, pixels]
        far = _meet(rays, start, solid)
        hit = np.flatnonzero(far < depth[pixels])
        pixels, rays, far = pixels[hit], rays[:, hit], far[hit]
        point = far * rays + start[:, None]
        height = axis @ point
        normal = (point - np.clip(height, -solid.half, solid.half) * axis[:, None]) * np.float32(1.0 / solid.radius)
        if solid.flat:
            cap = np.abs(height) > 0.999 * solid.half
            normal[:, cap] = np.sign(height[cap]) * axis[:, None]
        light = self._light.astype(np.float32)
        facing = light @ normal
        mirrored = np.maximum(light @ rays - 2.0 * facing * (normal * rays).sum(axis=0), 0.0)
        gloss = 255.0 * _GLOSS * np.square(np.square(np.square(np.square(mirrored))))
        bright = _AMBIENT + _DIFFUSE * np.maximum(0.25 + 0.75 * facing, 0.0)
        colours = bright[:, None] * (255.0 * solid.colour).astype(np.float32) + gloss[:, None]
        image[pixels] = np.minimum(colours, 255.0).astype(np.uint8)
        depth[pixels] = far
        owner[pixels] = number


class _Floor:
    """Tiles up to the horizon, which move under the eye."""

    def __init__(self, rays: Array, eye: Array, height: float, tile: float, focus: float) -> None:
        """Note where each ray of the lower rows meets the floor, and how far a pixel reaches there."""
        self.height, self._tile = height, tile
        down = (rays[..., 2] < -1e-3).all(axis=1)
        self._top = top = int(np.argmax(down)) if down.any() else HEIGHT
        rays = rays[top:]
        far = (height - eye[2]) / rays[..., 2]
        self._across, self._along = (_turns((eye[axis] + far * rays[..., axis]) / tile) for axis in (0, 1))
        reach = far / (focus * tile * np.sqrt(np.maximum(-rays[..., 2], 0.05)))
        self._sharp = (4.0 / (_TURN * reach)).astype(np.float32)
        self.haze = np.zeros((HEIGHT, WIDTH, 1), np.float32)
        self.haze[top:] = np.exp(-far / (28.0 * tile))[..., None]
        self._dark, self._light = (
            (_HORIZON + self.haze[top:] * (colour - _HORIZON)).astype(np.uint8) for colour in (_DARK, _LIGHT)
        )

    def pave(self, image: Array, place: tuple[float, float]) -> None:
        """Draw the tiles, each edge as soft as a pixel is wide, so that far ones turn grey instead of flickering."""
        share = self._wave(self._across, place[0])
        share *= self._wave(self._along, place[1])
        share *= -0.5
        share += 0.5
        image[self._top :] = cv2.blendLinear(self._dark, self._light, 1.0 - share, share)

    def _wave(self, places: Array, offset: float) -> Array:
        """Return a square wave, -1 to 1, of two tiles' length."""
        wave = np.abs((places + _turns(np.array(offset / self._tile))).view(np.int16))
        wave -= np.int16(_TURN // 4)
        return np.clip(wave * self._sharp, -1.0, 1.0)


def _turns(tiles: Array) -> Array:
    """Return places in tiles as uint16 of a turn, which is two tiles."""
    return (np.asarray(tiles) * 0.5 % 1.0 * _TURN).astype(np.int64).astype(np.uint16)


def _ring(away: Array) -> Array:
    """Return 16 points (16, 3) on the circle of radius 1 around ``away``."""
    side = np.cross(away, (0.0, 1.0, 0.0) if abs(away[1]) < 0.8 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    turns = np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)[:, None]
    return np.cos(turns) * side + np.sin(turns) * np.cross(away, side)


def _outline(solid: Solid, ring: Array, margin: float = 0.0) -> Array:
    """Return points (32, 3) around both ends of a solid."""
    around = (solid.radius + margin) * ring
    return np.concatenate([solid.centre + sign * solid.half * solid.axis + around for sign in (-1.0, 1.0)])


def _meet(rays: Array, eye: Array, solid: Solid) -> Array:
    """Return how far along each ray (3, N) from ``eye``, seen from the solid's centre, it meets the solid; inf: never.

    Ray against an endless cylinder, then against its two ends: balls, or discs where it is flat.
    """
    axis, radius = solid.axis.astype(np.float32), np.float32(solid.radius)
    far = np.full(rays.shape[1], np.inf, np.float32)
    if solid.half > 0:
        lean, start = axis @ rays, eye @ axis
        a = np.maximum(1.0 - lean * lean, np.float32(1e-9))
        b = eye @ rays - lean * start
        root = b * b - a * (eye @ eye - start * start - radius * radius)
        side = (-b - np.sqrt(np.maximum(root, 0.0))) / a
        on = (root >= 0) & (np.abs(start + side * lean) <= solid.half)
        far[on] = side[on]
    end = _disc if solid.flat else _ball
    for sign in (-1.0, 1.0) if solid.half > 0 else (0.0,):
        np.minimum(far, end(rays, eye - np.float32(sign * solid.half) * axis, axis, radius), out=far)
    return far


def _ball(rays: Array, eye: Array, axis: Array, radius: np.float32) -> Array:
    del axis
    b = eye @ rays
    root = b * b - (eye @ eye - radius * radius)
    return np.where(root >= 0, -b - np.sqrt(np.maximum(root, 0.0)), np.float32(np.inf))


def _disc(rays: Array, eye: Array, axis: Array, radius: np.float32) -> Array:
    lean = axis @ rays
    far = -(eye @ axis) / np.where(np.abs(lean) < 1e-6, np.float32(1e-6), lean)
    point = eye[:, None] + far * rays
    return np.where((point * point).sum(axis=0) <= radius * radius, far, np.float32(np.inf))


def _smooth(image: Array, owner: Array) -> Array:
    """Soften the outlines, where one solid, or the ground, meets another."""
    edge = cv2.absdiff(cv2.dilate(owner, None), cv2.erode(owner, None))
    return cv2.copyTo(cv2.GaussianBlur(image, (3, 3), 0.7), edge, image)
