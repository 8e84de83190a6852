"""A model from elsewhere: what its file does not say is said once, then it answers like catdog's own.

    python examples/foreign_model.py model_unquant.tflite labels.txt photo.jpg

The file and labels are Teachable Machine's ("TensorFlow Lite, floating point"). Needs catdog's base install.
`catdog-export adopt` writes the same into the file for good, once photographs have shown that it holds (docs/own-models.md).
"""

import sys
from pathlib import Path

from catdog.edge import CatdogError, Claims, Classifier


def main(model: str, labels: str, *pictures: str) -> int:
    """Classify pictures; an error says what is missing."""
    try:
        classifier = Classifier(model, labels=Path(labels), claims=Claims(input_range="-1..1"))
        for picture in pictures:
            answer = classifier.classify(picture)
            print(f"{picture}: {answer.label} {answer.score:.1%}")
    except CatdogError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
