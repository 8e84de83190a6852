"""Keras `predict`, a picture at a time: `python with_keras.py MODEL.keras CATS,DOGS THREADS PICTURE...`; label, ms, path."""

import sys
import time

import keras
import tensorflow as tf

model, labels, threads, *pictures = sys.argv[1:]
tf.config.threading.set_intra_op_parallelism_threads(int(threads))
network = keras.models.load_model(model, compile=False)
_, height, width, _ = network.input_shape
for path in pictures:
    start = time.perf_counter()
    picture = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    pixels = tf.image.resize(picture, (height, width))[tf.newaxis]
    best = int(network.predict(pixels, verbose=0)[0].argmax())
    print(labels.split(",")[best], 1e3 * (time.perf_counter() - start), path, sep="\t")  # noqa: T201 - a script
