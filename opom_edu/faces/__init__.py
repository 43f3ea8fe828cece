"""Images of people."""

from opom_edu.faces.images import SIZE, check_images, quantize
from opom_edu.faces.people import People, Person
from opom_edu.faces.sources import load_people

__all__ = ["SIZE", "People", "Person", "check_images", "load_people", "quantize"]
