"""A network camera for tests: a real HTTP server that pushes pictures, and can be made to misbehave."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2

from catdog.edge.synthetic import draw_picture

HEAD = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"


def encoded(seed: int) -> bytes:
    return cv2.imencode(".jpg", draw_picture("cats", seed, width=160, height=120))[1].tobytes()


class Camera:
    """A network camera that can be made to misbehave.

    Attributes:
        url: its address.
        answers: whether it takes connections.
        sends: what it sends next, over and over; empty for silence.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers = True
        self.sends = [HEAD + encoded(seed) + b"\r\n" for seed in range(5)]


@contextmanager
def camera_on(camera: Camera) -> Iterator[Camera]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not camera.answers:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            number = 0
            while camera.answers:
                parts = camera.sends
                try:
                    if parts:
                        self.wfile.write(parts[number % len(parts)])
                        number += 1
                except OSError:
                    return
                time.sleep(0.02)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    camera.url = f"http://127.0.0.1:{server.server_port}/stream"
    try:
        yield camera
    finally:
        camera.answers = False
        server.shutdown()
        thread.join()
        server.server_close()
