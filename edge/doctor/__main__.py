"""`python -m catdog.edge.doctor`: the same where numpy or OpenCV does not load, and `catdog-edge` cannot start."""

import sys

from ..command import run_command
from .cli import main

if __name__ == "__main__":
    sys.exit(run_command("catdog-edge", main, None))
