"""OpenCV's own networks: `python with_opencv.py MODEL.onnx CATS,DOGS THREADS PICTURE...`; a line a picture: label, ms, path.

The file takes pictures as rows of RGB, so that `blobFromImage`, which gives planes, has no part in it. Its size cannot be asked
for here: it is that of catdog's default model.
"""

import sys
import time

import cv2
import numpy as np

SIZE = (224, 224)

model, labels, threads, *pictures = sys.argv[1:]
cv2.setNumThreads(int(threads))
network = cv2.dnn.readNetFromONNX(model)
for path in pictures:
    start = time.perf_counter()
    photograph = cv2.imread(path)
    if photograph is None:
        sys.exit(f"cannot read {path}")
    resized = cv2.resize(photograph, SIZE, interpolation=cv2.INTER_LINEAR_EXACT)
    network.setInput(cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None].astype(np.float32))
    best = int(network.forward()[0].argmax())
    print(labels.split(",")[best], 1e3 * (time.perf_counter() - start), path, sep="\t")  # noqa: T201 - a script
