"""MediaPipe's ImageClassifier: `python with_mediapipe.py MODEL.tflite CATS,DOGS THREADS PICTURE...`; label, ms, path a picture.

It reads and resizes by itself and has no option for threads. It names labels only where the file has TFLite's metadata; their
numbers it always tells.
"""

import sys
import time

import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision

model, labels, _, *pictures = sys.argv[1:]
options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model), max_results=1)
with vision.ImageClassifier.create_from_options(options) as classifier:
    for path in pictures:
        start = time.perf_counter()
        answer = classifier.classify(mp.Image.create_from_file(path))
        best = answer.classifications[0].categories[0].index
        print(labels.split(",")[best], 1e3 * (time.perf_counter() - start), path, sep="\t")  # noqa: T201 - a script
