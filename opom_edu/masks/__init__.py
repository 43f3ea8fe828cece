"""One person, one mask: objectives, the loop that learns masks, aids to transferability, baselines."""

from opom_edu.masks.baselines import GDUAP, TIPIM, UAP, FIUAPAll, PerImage, PerImageMask, RandomNoise
from opom_edu.masks.mask import Cloak, Mask, parse_eps
from opom_edu.masks.named import METHODS, PERSONAL, make_method
from opom_edu.masks.optimize import FIUAP, OPOM, FIUAPPlus, Learner, Method, Step
from opom_edu.masks.released import released_masks
from opom_edu.masks.transfer import Transform, input_diversity, random_flip

__all__ = [
    "FIUAP",
    "GDUAP",
    "METHODS",
    "OPOM",
    "PERSONAL",
    "TIPIM",
    "UAP",
    "Cloak",
    "FIUAPAll",
    "FIUAPPlus",
    "Learner",
    "Mask",
    "Method",
    "PerImage",
    "PerImageMask",
    "RandomNoise",
    "Step",
    "Transform",
    "input_diversity",
    "make_method",
    "parse_eps",
    "random_flip",
    "released_masks",
]
