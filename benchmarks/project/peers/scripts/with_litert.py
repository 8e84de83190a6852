"""LiteRT by itself: `python with_litert.py MODEL.tflite CATS,DOGS THREADS PICTURE...`; a line a picture: label, ms, path."""

import sys
import time

import cv2
from ai_edge_litert.interpreter import Interpreter

model, labels, threads, *pictures = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=int(threads))
interpreter.allocate_tensors()
pixels, scores = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
_, height, width, _ = pixels["shape"]
for path in pictures:
    start = time.perf_counter()
    photograph = cv2.imread(path)
    if photograph is None:
        sys.exit(f"cannot read {path}")
    resized = cv2.resize(photograph, (int(width), int(height)), interpolation=cv2.INTER_LINEAR_EXACT)
    interpreter.set_tensor(pixels["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None])
    interpreter.invoke()
    best = int(interpreter.get_tensor(scores["index"])[0].argmax())
    print(labels.split(",")[best], 1e3 * (time.perf_counter() - start), path, sep="\t")  # noqa: T201 - a script
