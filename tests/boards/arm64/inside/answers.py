"""What a machine makes of pictures, stage by stage: `answers.py OUT FOLDER SHARE SHARES MODEL...`, run on each of two machines.

SHARE of SHARES, from 0, is the part of FOLDER's pictures that this process takes. OUT gets a JSON line for each model, which
says what computes it, and one for each picture: digests of the decoded and of the prepared pixels, the model's row and its
scores as hexadecimal floats, and the label. `golden` is the picture that every machine can draw.
"""

import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from catdog.edge import Classifier
from catdog.edge.contract.golden import golden_picture
from catdog.edge.pictures.decode import read_picture


def digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def machine(classifier: Classifier) -> dict[str, str]:
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "backend": classifier.backend_name,
        "delegation": str(classifier.delegation),
    }


def answer(classifier: Classifier, picture: NDArray[np.uint8]) -> dict[str, Any]:
    """Say what becomes of a picture, BGR uint8 ``[height, width, 3]``; the model is asked once: that is what takes long."""
    prediction = classifier.classify(picture)
    backend = classifier._backend
    row = backend._interpreter.get_tensor(backend._output).reshape(-1)
    return {
        "decoded": digest(picture),
        "pixels": digest(classifier._preprocess(picture)),
        "row": [float(value).hex() for value in row],
        "label": prediction.label,
        "scores": {label: float(score).hex() for label, score in prediction.scores.items()},
    }


def main(out: str, folder: str, share: str, shares: str, *models: str) -> None:
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())[int(share) :: int(shares)]
    with Path(out).open("w", encoding="utf-8") as file:
        for model in models:
            classifier = Classifier(model, threads=1)
            name = Path(model).stem
            file.write(json.dumps({"model": name, "of": machine(classifier)}) + "\n")
            for path in (None, *paths):
                picture = golden_picture() if path is None else read_picture(path)
                called = "golden" if path is None else path.relative_to(folder).as_posix()
                file.write(json.dumps({"model": name, "picture": called, **answer(classifier, picture)}) + "\n")
                file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
