"""Do face detectors and dlib's recognizer take synthetic people for people? 60 of them, 10 photos each, 256 pixels.

    python benchmarks/synthetic_faces.py

Detection by dlib's HOG detector and OpenCV's Haar cascade (alt2), by skin group; then dlib's recognizer on the detected
faces: how far apart photos of one person and of different people are. Needs the extra dlib. Nothing was trained or tuned
on these seeds.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from common import arguments, report
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score

from opom_edu.faces.finder import model_folder
from opom_edu.faces.synthetic import render_people

FIRST, PEOPLE, PHOTOS, SIZE = 4_100_000, 60, 10, 256


def main() -> None:
    options = arguments(__doc__).parse_args()
    count = 8 if options.tiny else PEOPLE
    album = render_people(range(FIRST, FIRST + count), PHOTOS, size=SIZE, margin=0.31)
    rows = Parallel(2)(delayed(seen)(images) for images in album.images.reshape(count, PHOTOS, SIZE, SIZE, 3))
    table = album.conditions.assign(hog=[r[0] for row in rows for r in row], haar=[r[1] for row in rows for r in row])
    frontal = table[table["yaw"].abs() < 15]
    found = pd.DataFrame({"near-frontal": frontal[["hog", "haar"]].mean(), "all": table[["hog", "haar"]].mean()})
    found = (found.join(table.groupby("skin")[["hog", "haar"]].mean().T) * 100).round(1)
    told: list[dict[str, object]] = [
        {"what": f"faces found by {name}, in %", **{str(key): float(value) for key, value in row.items()}}
        for name, row in found.iterrows()
    ]
    features = np.stack([r[2] for row in rows for r in row])
    first, second = np.triu_indices(len(features), 1)
    distance = np.linalg.norm(features[first] - features[second], axis=1)
    same = album.labels[first] == album.labels[second]
    told.append({
        "what": "dlib's recognizer", "AUC": float(roc_auc_score(same, -distance)),
        "distance, one person": float(distance[same].mean()), "distance, different people": float(distance[~same].mean()),
    })  # fmt: skip
    report("synthetic_faces", told, out=options.out, note=f"{count} people, {PHOTOS} photos of each")


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
