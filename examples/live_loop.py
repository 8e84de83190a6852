"""A camera watched from Python: what it sees, and how it is.

    python examples/live_loop.py                        the drawn demo camera; no hardware needed
    python examples/live_loop.py 0                      the first camera
    python examples/live_loop.py rtsp://camera.local/stream

Needs catdog's base install. Ends with Ctrl-C, or after the number of frames in the second argument.
"""

import sys

from catdog.edge import Change, LiveClassifier, RunOptions


def main(source: str = "demo", frames: str = "0") -> None:
    """Say who comes and goes, and whether the camera is there."""
    options = RunOptions(max_frames=int(frames) or None)
    with LiveClassifier(source, options=options) as live:
        for seen in live:
            if isinstance(seen.result, Change):
                print(f"{seen.result.source} is {seen.result.state}: {seen.result.cause}")
            elif seen.result.prediction is not None:
                for pet in seen.result.pets or ():
                    print(f"{pet.label} {pet.score:.0%} at {[round(side) for side in pet.box]}")
            for event in seen.events:
                print(f"-> {event}")  # feed it, open the door


if __name__ == "__main__":
    main(*sys.argv[1:])
