"""Experiments to touch: each function returns one ipywidgets object for JupyterLab, Notebook, VS Code and Voila."""

from opom_edu.errors import MissingExtraError

try:
    import ipywidgets  # noqa: F401
except ImportError as error:
    raise MissingExtraError("ipywidgets", "lab") from error

from opom_edu.lessons.epsilon import Choice, EpsilonModel, Score
from opom_edu.widgets.blind import BlindTest, blind_test
from opom_edu.widgets.emerging import Emerging, emerging
from opom_edu.widgets.epsilon_lab import EpsilonLab, epsilon_lab
from opom_edu.widgets.feature_map import FeatureMap, feature_map
from opom_edu.widgets.hull_photos import HullPhotos, hull_photos
from opom_edu.widgets.hull_playground import HullPlayground, hull_playground
from opom_edu.widgets.mask_player import MaskPlayer, mask_player
from opom_edu.widgets.parts import progress
from opom_edu.widgets.photo_count_lab import PhotoCountLab, photo_count_lab
from opom_edu.widgets.photo_lab import PhotoLab, photo_lab
from opom_edu.widgets.predictions import Predictions
from opom_edu.widgets.robustness_lab import RobustnessLab, robustness_lab
from opom_edu.widgets.search_dots import SearchDots, search_dots
from opom_edu.widgets.sphere import SphereView, sphere
from opom_edu.widgets.table_lab import TableLab, table_lab
from opom_edu.widgets.threshold_lab import ThresholdLab, threshold_lab
from opom_edu.widgets.transfer_lab import TransferLab, transfer_lab
from opom_edu.widgets.turning import Turning, turning
from opom_edu.widgets.video_lab import VideoLab, video_lab
from opom_edu.widgets.vote import Vote, vote

__all__ = [
    "BlindTest", "Choice", "Emerging", "EpsilonLab", "EpsilonModel", "FeatureMap", "HullPhotos", "HullPlayground",
    "MaskPlayer", "PhotoCountLab", "PhotoLab", "Predictions", "RobustnessLab", "Score", "SearchDots", "SphereView",
    "TableLab", "ThresholdLab", "TransferLab", "Turning", "VideoLab", "Vote", "blind_test", "emerging", "epsilon_lab",
    "feature_map", "hull_photos", "hull_playground", "mask_player", "photo_count_lab", "photo_lab", "progress",
    "robustness_lab", "search_dots", "sphere", "table_lab", "threshold_lab", "transfer_lab", "turning", "video_lab", "vote",
]  # fmt: skip
