"""ONNX Runtime by itself: `python with_onnxruntime.py MODEL.onnx CATS,DOGS THREADS PICTURE...`; label, ms, path a picture."""

import sys
import time

import cv2
import numpy as np
import onnxruntime

model, labels, threads, *pictures = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
pixels = session.get_inputs()[0]
_, height, width, _ = pixels.shape
for path in pictures:
    start = time.perf_counter()
    photograph = cv2.imread(path)
    if photograph is None:
        sys.exit(f"cannot read {path}")
    resized = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    picture = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None].astype(np.float32)
    best = int(session.run(None, {pixels.name: picture})[0][0].argmax())
    print(labels.split(",")[best], 1e3 * (time.perf_counter() - start), path, sep="\t")  # noqa: T201 - a script
