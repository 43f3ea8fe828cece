"""People who do not exist: a parametric head, photographed under known conditions. Bytes and arrays out.

A photo comes about from left to right: :mod:`identity` and :mod:`shape` (who), :mod:`conditions` (when and how),
:mod:`head` (the mesh), :mod:`skin`, :mod:`hair` and :mod:`glasses` (what is on it), :mod:`sitter` (all that for one person),
:mod:`view`, :mod:`rasterizer`, :mod:`shading` and :mod:`cover` (pixels), :mod:`camera` (the photo), :mod:`groups` (many
photos of many people), :mod:`stored` (files of them). ``demo`` holds photos that were rendered before. Only rendering needs
numba; reading does not.
"""
