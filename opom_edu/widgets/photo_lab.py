"""The photo lab: the face in a whole photo before and after, and what recognizers say. Also for your own photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor

from opom_edu.errors import OpomError, PhotoError
from opom_edu.evaluation import image_quality, threshold_at
from opom_edu.faces import quantize
from opom_edu.faces.aligned import Faces
from opom_edu.faces.finder import Finder, finder_of
from opom_edu.faces.photos import Array, Photo, Pixels, inverse, lay_in, moved, read_photo, warp
from opom_edu.masks import OPOM
from opom_edu.plots.style import COLORS, GRAY
from opom_edu.recognizers import Recognizer, check_recognizer
from opom_edu.recognizers.thresholds import THRESHOLDS
from opom_edu.widgets.html import bar, board, judgment, row_head
from opom_edu.widgets.lab import Lab, pictured, shown
from opom_edu.widgets.parts import Picture, wrap

FMR, MAGNIFIED, VIEW = 1e-3, 10, 180  # VIEW: pixels of a picture's side
WHERE = "Uploads go from the browser to the kernel and stay in its memory: not written, not sent on; a restart forgets them."

HEADS = "recognizer", "before: similarity; line: threshold", "after"
STYLE = """<style>.opom-photo .opom-bar { display: inline-block; vertical-align: middle; height: 14px; margin-right: 8px }
.opom-photo .opom-bar + small { display: inline } .opom-photo .opom-board br { display: none }
.opom-photo .opom-board th { white-space: normal }</style>"""


class PhotoLab(Lab):
    """Choose a photo and an epsilon; see the face before, after and the difference, and each recognizer's mean similarity.

    The mask is learned from all *other* photos, so the chosen one is a photo that it never saw. Photos that are uploaded
    take the place of those given. :func:`photo_lab` is another name of it.

    Args:
        photos: one person's, by name, from :func:`opom_edu.faces.photos.read_photo`; in each the largest face counts.
        surrogate: the white box; ``recognizers``: black boxes.
        strangers: ``(N, 3, 112, 112)``, crops of 46 people or more, on whose pairs thresholds are set at a false-match rate
            of 1e-3; without them, those of :data:`opom_edu.recognizers.thresholds.THRESHOLDS`.
        photo: the name of the photo to begin with.
        levels: epsilon to begin with, 1 to 16 gray levels.
        find: another finder of faces than MTCNN.

    Example:
        >>> from opom_edu.faces.photos import read_photo
        >>> photos = {f"{i}.png": read_photo(folder / "photos" / "Ada" / f"{i}.png") for i in range(3)}
        >>> lab = PhotoLab(photos, surrogate, [black_box], find=find).wait()
        >>> lab.close()
    """

    def __init__(
        self, photos: Mapping[str, Photo], surrogate: Recognizer, recognizers: Sequence[Recognizer] = (), *,
        strangers: Tensor | None = None, levels: float = 8, find: Finder | None = None, photo: str | None = None,
    ) -> None:  # fmt: skip
        if photo is not None and photo not in photos:
            raise ValueError(f"unknown photo {photo!r}; choose one of {', '.join(photos)}")
        super().__init__()
        self.add_class("opom-photo")
        self.recognizers = [check_recognizer(one, "every recognizer") for one in (surrogate, *recognizers)]
        self._strangers, self._find = strangers, find or finder_of()[0]
        self._thresholds = {} if strangers is not None else {name: at for name, (at, _) in THRESHOLDS.items()}
        self.photo = widgets.Dropdown(description="photo", layout={"width": "230px"}, style={"description_width": "44px"})
        self.slider = widgets.FloatSlider(
            value=levels, min=1, max=16, step=1, description="epsilon", readout_format=".0f",
            continuous_update=False, layout={"width": "280px"}, style={"description_width": "52px"},
            tooltip="Largest change of a pixel, in gray levels of 255",
        )  # fmt: skip
        self.upload = widgets.FileUpload(accept="image/*", multiple=True, description="Upload", tooltip=WHERE)
        self.pictures, self.board = [Picture(VIEW) for _ in range(3)], widgets.HTML()
        note, row = widgets.HTML(f'<div class="opom-note">{WHERE}</div>'), [picture.widget for picture in self.pictures]
        controls = widgets.HBox([self.photo, self.slider, self.upload], layout={"flex_flow": "row wrap"})
        self.fill([controls], [wrap(*row), self.board, note, widgets.HTML(STYLE)])
        for control in (self.photo, self.slider):
            control.observe(self.restart, "value")
        self.upload.observe(self._uploaded, "value")
        self._take(photos, photo)

    def _take(self, photos: Mapping[str, Photo], first: str | None = None) -> None:
        if first is not None and first not in photos:
            raise ValueError(f"unknown photo {first!r}; choose one of {', '.join(photos)}")
        self._photos, self._faces = dict(photos), dict[str, Faces | None]()
        self.photo.options = list(photos)
        self.photo.index = list(photos).index(first) if first is not None else 0 if photos else None
        self.restart()

    @shown
    def _uploaded(self, _: Any) -> None:
        if files := self.upload.value:
            self.upload.value = ()  # or a notebook saved with the state of its widgets would hold the files
            photos, wrong = dict[str, Photo](), list[str]()
            for file in files:
                try:
                    photos[file["name"]] = read_photo(bytes(file["content"]), name=file["name"])
                except OpomError as error:
                    wrong.append(str(error))
            if photos:
                self._take(photos)
            if wrong:
                raise PhotoError("; ".join(wrong))

    def work(self) -> Iterator[None]:
        photos, known, name, levels = self._photos, self._faces, self.photo.value, self.slider.value
        for number, each in enumerate([each for each in photos if each not in known]):
            self.say(f"looking for a face in {each}...", number / len(photos))
            yield
            landmarks = sorted(self._find(photos[each].pixels), key=lambda points: -float(np.ptp(points, axis=0).max()))
            known[each] = Faces.of(photos[each].pixels, np.array(landmarks[:1])) if landmarks else None
        others = [face.crops for each, face in known.items() if face is not None and each != name]
        face = known.get(name)
        if not photos:
            return self.done("upload two photos or more, of one person who agrees")
        if face is None or not others:
            raise PhotoError(f"no face was found in {name if face is None else 'any other photo'}; choose or upload others")
        clean, method = torch.cat(others), OPOM(self.recognizers[0], eps=levels / 255)
        mask = yield from self.learned(method, clean, "learning the mask from the other photos...")
        change = [(face.matrices[0], mask.delta.permute(1, 2, 0).numpy())]
        laid = lay_in(photos[name].pixels, change, eps=method.eps, gray=photos[name].gray)
        both = torch.cat([face.crops, Faces.seen(laid, face.matrices).crops])
        self._show(photos[name].pixels, laid, face.matrices[0], image_quality(both[:1], both[1:]).iloc[0])
        rows = []
        for index, recognizer in enumerate(self.recognizers):
            self.say(f"{recognizer.name} compares...", index / len(self.recognizers))
            yield
            rows.append(self._row(recognizer, both, clean))
        self.board.value = board(HEADS, rows)
        self.done()

    def _row(self, recognizer: Recognizer, probes: Tensor, clean: Tensor) -> str:
        name = recognizer.name
        if name not in self._thresholds and self._strangers is not None:
            found = recognizer.embed(quantize(self._strangers))
            one, other = torch.triu_indices(len(found), len(found), 1)
            self._thresholds[name] = threshold_at((found[one] * found[other]).sum(1), FMR)
        before, after = (recognizer.embed(probes) @ recognizer.embed(clean).T).mean(1).tolist()
        line = self._thresholds.get(name)
        cells = _cell(before, line, GRAY) + _cell(after, line, COLORS[1])
        return f"<tr>{row_head(name, recognizer.shares_network(self.recognizers[0]))}{cells}</tr>"

    def _show(self, pixels: Pixels, laid: Pixels, matrix: Array, quality: Any) -> None:
        """The surroundings of the face, as they lie in the photo, twice as wide as the crop."""
        side, middle = 112 / np.hypot(*matrix[:, 0]), moved(np.array([[55.5, 55.5]]), inverse(matrix))[0]
        view = VIEW / (2 * side) * np.column_stack([np.eye(2), side - middle])
        one, two = (warp(image.astype(np.float32) / 255, view, (VIEW, VIEW)) for image in (pixels, laid))
        told = f"protected; the aligned face: PSNR {quality['psnr']:.1f} dB, SSIM {quality['ssim']:.3f}"
        texts = "as it was", told, f"the difference, {MAGNIFIED} times; gray: none"
        for picture, image, text in zip(self.pictures, (one, two, 0.5 + MAGNIFIED * (two - one)), texts, strict=True):
            picture.show(torch.from_numpy(image.clip(0, 1)).permute(2, 0, 1), text)

    def still(self) -> str:
        return pictured(str(self.photo.value), self.pictures, self.board.value)


def _cell(similar: float, line: float | None, color: str) -> str:
    """A similarity as a bar with the threshold's line, and what the recognizer says, as a cell of a table."""
    told = f"similarity {similar:.3f}" + ("" if line is None else f", threshold {line:.3f}")
    at = None if line is None else 100 * min(1.0, max(0.0, line))
    drawn = bar(100 * min(1.0, max(0.0, similar)), color, line=at, told=told)
    return f"<td>{drawn}<small>{similar:.2f}</small> {'' if line is None else judgment(similar > line)}</td>"


photo_lab = PhotoLab
