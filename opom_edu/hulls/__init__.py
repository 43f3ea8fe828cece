"""The feature subspace of one identity: four models of it, and exact batched projections onto each."""

from opom_edu.hulls.hulls import HULLS, AffineHull, ClassCenter, ConvexHull, Hull, ReducedHull, hull_type

__all__ = ["HULLS", "AffineHull", "ClassCenter", "ConvexHull", "Hull", "ReducedHull", "hull_type"]
