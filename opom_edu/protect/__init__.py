"""Ordinary photos and videos in, protected copies and an honest report out."""

from opom_edu.protect.measures import Report
from opom_edu.protect.photos import protect_folder, protect_photo
from opom_edu.protect.video import protect_video
from opom_edu.protect.video_report import VideoReport

__all__ = ["Report", "VideoReport", "protect_folder", "protect_photo", "protect_video"]
