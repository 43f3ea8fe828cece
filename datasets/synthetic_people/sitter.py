"""A person ready to be photographed: the head's shape, skin and hair, made once and used for all photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic_people.glasses import put_on
from synthetic_people.hair import STYLES, Hair, Layer, hang, layers
from synthetic_people.head import LASHES, head_model
from synthetic_people.identity import Identity
from synthetic_people.materials import Picture
from synthetic_people.skin import paint_skin, with_scalp

Array = NDArray[np.float64]
LID_GAP = 0.122  # decimeters between open lids
EYE_LEVEL = np.array([0.0, 7.28, 1.25])


@dataclass(frozen=True, eq=False)
class Look:
    """One hair style on one person."""

    skin: Picture  # with the hair's roots
    hair: list[Hair]
    layers: list[Layer]


class Sitter:
    """A person's head, and the looks that were asked for.

    Args:
        identity: who it is.

    Example:
        >>> from synthetic_people.identity import sample_identity
        >>> Sitter(sample_identity(7)).vertices.shape[1]
        3
    """

    def __init__(self, identity: Identity) -> None:
        self.identity, self.model = identity, head_model()
        self.vertices = self.shape_of(identity)
        self.openness = self.model.openness(self.vertices)
        self.skin = paint_skin(identity)
        self.glasses = put_on(identity, self.vertices)
        self.rest = identity.rest | self._open_lids()
        self._looks: dict[str, Look] = {}

    @staticmethod
    def shape_of(identity: Identity) -> Array:
        """The person's mesh at rest, the eyes where everybody's are ``(V, 3)`` in decimeters."""
        model = head_model()
        vertices = model.shaped(identity.shape)
        return np.asarray(vertices + EYE_LEVEL - np.mean([vertices[eye].mean(0) for eye in model.eyes], axis=0))

    def _open_lids(self) -> dict[str, float]:
        """Actions that open the eyes as far as most people's at rest, of which a person's own are a quarter different."""
        upper, lower = self.model.lid_edges
        opening = self.vertices[upper, 1] - self.vertices[lower, 1]
        goal = np.clip(LID_GAP + 0.25 * (opening - LID_GAP), 0.9 * LID_GAP, 1.12 * LID_GAP)

        def reach(action: str) -> float:
            rows, moves = self.model.targets[f"faceunits:{action}Left"]
            return abs(float(moves[rows == upper, 1][0]))

        return {
            "eyeBlink": min(0.6, max(0.0, opening - goal) / reach("eyeBlink")),
            "eyeWide": min(1.0, max(0.0, goal - opening) / reach("eyeWide")),
        }

    def look(self, style: str) -> Look:
        """The person under a style of :data:`synthetic_people.hair.STYLES`, kept for the next photo."""
        if style not in self._looks:
            worn, who = STYLES[style], self.identity
            skin = with_scalp(self.skin, who, worn.roots, short=not worn.parts, bald=not worn.parts and not worn.layer)
            hair = [hang(who, self.vertices, part) for part in worn.parts]
            self._looks[style] = Look(skin, hair, layers(who, style))
        return self._looks[style]

    def posed(self, actions: dict[str, float]) -> Array:
        """The mesh under facial actions ``(V, 3)``: added to those of the face at rest, of which lively faces keep less."""
        lively = min(
            1.0, sum(actions.get(name, 0.0) for name in ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthPucker"))
        )
        total = dict(actions)
        for name, strength in self.rest.items():
            share = strength * (1 - 0.6 * lively) if name in ("mouthSmile", "cheekSquint") else strength
            for key in (name,) if name == "browInnerUp" else (f"{name}Left", f"{name}Right"):
                total[key] = min(1.0, total.get(key, 0.0) + share)
        return self.model.shaped({f"faceunits:{name}": strength for name, strength in total.items()}, self.vertices)

    def dressed(self, actions: dict[str, float]) -> tuple[Array, Array, float]:
        """The posed mesh with a shirt's thickness, its normals, and how high the collar lies."""
        model = self.model
        vertices = self.posed(actions)
        normals = model.normals(vertices)
        collar = 5.74 + 0.02 * (self.identity.seed % 5)
        cloth = np.clip((collar - 0.03 - model.rest[:, 1] + 0.35 * abs(model.rest[:, 0])) / 0.06, 0, 1)
        cloth *= model.vertex_part < LASHES
        return vertices + 0.05 * cloth[:, None] * normals, normals, collar
