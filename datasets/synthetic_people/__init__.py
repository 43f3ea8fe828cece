"""People who do not exist: a parametric head, photographed under known conditions. Bytes and arrays out.

A photo comes about from left to right: :mod:`identity` (who), :mod:`conditions` (when and how), :mod:`head` (shape),
:mod:`hair` and :mod:`materials` (what it is covered with), :mod:`rasterizer` and :mod:`shading` (pixels), :mod:`camera`
(the photo), :mod:`groups` (many photos of many people), :mod:`stored` (files of them). ``demo`` holds photos that were
rendered before. Only rendering needs numba; reading does not.
"""
