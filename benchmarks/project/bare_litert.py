"""The least that classifies a picture file: what catdog's own cost is measured against.

    python bare_litert.py MODEL.tflite PICTURE LABEL,LABEL

Knows nothing of catdog: OpenCV reads and resizes (as the bundled models ask for), LiteRT infers, the label is printed.
"""

import sys

import cv2
from ai_edge_litert.interpreter import Interpreter

model, picture, labels = sys.argv[1:]
interpreter = Interpreter(model_path=model)
interpreter.allocate_tensors()
source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
height, width = source["shape"][1:3]
photograph = cv2.imread(picture)
if photograph is None:
    sys.exit(f"cannot read {picture}")
resized = cv2.resize(photograph, (int(width), int(height)), interpolation=cv2.INTER_LINEAR_EXACT)
interpreter.set_tensor(source["index"], cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)[None])
interpreter.invoke()
scores = interpreter.get_tensor(target["index"])[0]
print(labels.split(",")[int(scores.argmax())])  # noqa: T201 - a script
