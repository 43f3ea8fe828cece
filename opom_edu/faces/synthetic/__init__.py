"""Synthetic people: a parametric head, photographed under known conditions. Nobody that exists.

A photo comes about from left to right: :mod:`identity` (who), :mod:`conditions` (when and how), :mod:`head` (shape),
:mod:`hair` and :mod:`materials` (what it is covered with), :mod:`rasterizer` and :mod:`shading` (pixels), :mod:`camera`
(the photo), :mod:`album` (many, cached).
"""

from opom_edu.faces.synthetic.album import Album, render_people, synthetic_distractors, synthetic_people

__all__ = ["Album", "render_people", "synthetic_distractors", "synthetic_people"]
