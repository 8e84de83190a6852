"""Who is measured: what each peer needs, which file of the model it takes, and the script that drives it.

A script is what a competent user writes with that library's documentation open, and no more: read, resize, RGB, run. Those
that resize with OpenCV do it as the model's contract asks for (`cv2.INTER_LINEAR_EXACT`), so that all judge the same pixels;
Keras and MediaPipe resize bilinearly in their own ways.
"""

from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("scripts")

INT8, FLOAT32, ONNX, KERAS = "int8 TFLite", "float32 TFLite", "float32 ONNX", "float32 Keras"

_NUMPY, _OPENCV = "numpy==2.4.6", "opencv-python-headless==5.0.0.93"
# The last tflite-runtime: it was built against NumPy 1, and OpenCV 5 is not.
_OLD = ("tflite-runtime==2.14.0", "numpy==1.26.4", "opencv-python-headless==4.10.0.84")


@dataclass(frozen=True)
class Peer:
    """Another way to do it.

    Attributes:
        name: for `--only` and in the JSON.
        title: for the tables.
        model: which file of the model it takes, one of the constants above.
        requirements: what is installed for it, with exact versions.
        script: its file in `SCRIPTS`; takes model, labels, threads and pictures; prints label, ms and path a picture.
        batch_script: another one that is faster on many pictures; None where the library's documentation knows none.
        python: the Python it needs, such as ``"3.11"``; None for ours.
        takes_threads: whether the library lets one choose.
    """

    name: str
    title: str
    model: str
    requirements: tuple[str, ...]
    script: str
    batch_script: str | None = None
    python: str | None = None
    takes_threads: bool = True


PEERS = {
    each.name: each
    for each in (
        Peer("litert", "bare LiteRT script", INT8, ("ai-edge-litert==2.3.0", _NUMPY, _OPENCV), "with_litert.py"),
        Peer("onnxruntime", "bare ONNX Runtime", ONNX, ("onnxruntime==1.31.1", _NUMPY, _OPENCV), "with_onnxruntime.py"),
        Peer("opencv", "cv2.dnn", ONNX, (_NUMPY, _OPENCV), "with_opencv.py"),
        Peer("tflite-runtime", "tflite-runtime", INT8, _OLD, "with_tflite_runtime.py", python="3.11"),
        Peer("tflite-runtime-float", "tflite-runtime", FLOAT32, _OLD, "with_tflite_runtime.py", python="3.11"),
        Peer("mediapipe", "MediaPipe Tasks", INT8, ("mediapipe==1.2.2", _NUMPY), "with_mediapipe.py", takes_threads=False),
        Peer(
            "keras",
            "Keras predict",
            KERAS,
            ("tensorflow-cpu==2.21.0", "keras==3.15.1", _NUMPY),
            "with_keras.py",
            batch_script="with_keras_batches.py",
        ),
    )
}
