"""One person, one mask: objectives, the loop that learns masks, what helps them transfer, baselines."""

from opom_edu.masks.baselines import GDUAP, TIPIM, UAP, FIUAPAll, PerImage, PerImageMask, RandomNoise
from opom_edu.masks.gradients import (
    GradientChange,
    feature_dropout,
    nesterov,
    perceptual_budget,
    repeated,
    smooth_gradient,
    symmetric,
    variance_tuning,
)
from opom_edu.masks.learner import Learner, Step
from opom_edu.masks.mask import Cloak, Mask, parse_eps, released_masks
from opom_edu.masks.methods import LEARNED, METHODS, find_method, make_method
from opom_edu.masks.opom import FIUAP, OPOM, FIUAPPlus, Method
from opom_edu.masks.preset import TRANSFER, ladder, strong, transfer
from opom_edu.masks.restrict import Restricted
from opom_edu.masks.transforms import (
    Transform,
    input_diversity,
    one_of,
    random_affine,
    random_flip,
    random_jpeg,
    random_light,
    random_patches,
    random_resize,
    random_spectrum,
    random_warp,
    scale_invariance,
)

__all__ = [
    "FIUAP", "GDUAP", "LEARNED", "METHODS", "OPOM", "TIPIM", "TRANSFER", "UAP", "Cloak", "FIUAPAll", "FIUAPPlus",
    "GradientChange", "Learner", "Mask", "Method", "PerImage", "PerImageMask", "RandomNoise", "Restricted", "Step",
    "Transform", "feature_dropout", "find_method", "input_diversity", "ladder", "make_method", "nesterov", "one_of",
    "parse_eps", "perceptual_budget", "random_affine", "random_flip", "random_jpeg", "random_light", "random_patches",
    "random_resize", "random_spectrum", "random_warp", "released_masks", "repeated", "scale_invariance",
    "smooth_gradient", "strong", "symmetric", "transfer", "variance_tuning",
]  # fmt: skip
