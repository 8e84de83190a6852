"""The program `catdog-edge`, as the shell starts it; also `python -m catdog.edge`."""

from .common.startup import end_at_once

end_at_once("catdog-edge")

from .program.cli import program  # noqa: E402

if __name__ == "__main__":
    program()
