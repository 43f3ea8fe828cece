"""Do face detectors and dlib's recognizer take synthetic people for people? 100 of them, 10 photos each, 256 pixels.

    python benchmarks/synthetic_faces.py

Detection by dlib's HOG detector and OpenCV's Haar cascade (alt2); then dlib's recognizer on the detected faces: how far
apart photos of one person and of different people are; all that also within each skin, sex and age. Needs the extra dlib.
The look was chosen on people from the seed DEVELOPMENT on. The people reported here, from the seed REPORT on, were not
looked at before.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from common import arguments, report
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from synthetic_people.stored import REPORT

from opom_edu.faces.finder import model_folder
from opom_edu.faces.synthetic import render_people

PEOPLE, PHOTOS, SIZE = 100, 10, 256


def main() -> None:
    options = arguments(__doc__).parse_args()
    count = 8 if options.tiny else PEOPLE
    album = render_people(range(REPORT, REPORT + count), PHOTOS, size=SIZE, margin=0.31)
    rows = Parallel(2)(delayed(seen)(images) for images in album.images.reshape(count, PHOTOS, SIZE, SIZE, 3))
    table = album.conditions.assign(hog=[r[0] for row in rows for r in row], haar=[r[1] for row in rows for r in row])
    table["age group"] = pd.cut(table["age"], [17, 30, 45, 60, 81], labels=["18-30", "31-45", "46-60", "61-80"]).astype(str)
    features = np.stack([r[2] for row in rows for r in row])
    everybody = np.ones(len(table), bool)
    told = [figures("everybody", everybody, table, features, album.labels)]
    for column in ("skin", "sex", "age group"):
        for value in sorted(table[column].unique()):
            told.append(figures(value, (table[column] == value).to_numpy(), table, features, album.labels))
    report("synthetic_faces", told, out=options.out, note=f"{count} people, {PHOTOS} photos of each")


def figures(
    name: str, chosen: np.ndarray, table: pd.DataFrame, features: np.ndarray, labels: np.ndarray
) -> dict[str, object]:
    """Shares found and distances among the chosen photos."""
    first, second = np.triu_indices(int(chosen.sum()), 1)
    near, who = features[chosen], labels[chosen]
    distance, same = np.linalg.norm(near[first] - near[second], axis=1), who[first] == who[second]
    found = 100 * table.loc[chosen, ["hog", "haar"]].mean()
    return {
        "who": name, "HOG, %": float(found["hog"]), "Haar, %": float(found["haar"]),
        "dlib's AUC": float(roc_auc_score(same, -distance)), "distance, one person": float(distance[same].mean()),
        "distance, different people": float(distance[~same].mean()),
    }  # fmt: skip


def seen(images: np.ndarray) -> list[tuple[bool, bool, np.ndarray]]:
    """Of each photo: found by HOG, found by Haar, and dlib's 128 features of the face in its middle."""
    import dlib

    hog = dlib.get_frontal_face_detector()
    haar = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))
    marks = dlib.shape_predictor(str(model_folder() / "shape_predictor_5_face_landmarks.dat"))
    recognizer = dlib.face_recognition_model_v1(str(model_folder() / "dlib_face_recognition_resnet_model_v1.dat"))
    rows = []
    for image in images:
        boxes = [box for box in hog(image, 0) if plausible(box.left(), box.top(), box.width(), box.height())]
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        cascade = any(plausible(*box) for box in haar.detectMultiScale(gray, 1.1, 3))
        box = boxes[0] if boxes else dlib.rectangle(66, 76, 190, 200)
        rows.append((bool(boxes), cascade, np.array(recognizer.compute_face_descriptor(image, marks(image, box), 0, 0.25))))
    return rows


def plausible(x: float, y: float, width: float, height: float) -> bool:
    """A box around the middle of the picture, where the face is, of about its size."""
    return x < SIZE / 2 < x + width and y < 0.53 * SIZE < y + height and width > 0.3 * SIZE


if __name__ == "__main__":
    main()
