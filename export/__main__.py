"""The program `catdog-export`, as the shell starts it; also `python -m catdog.export`."""

from catdog.edge.common.startup import end_at_once

end_at_once("catdog-export")

import sys  # noqa: E402
from typing import NoReturn  # noqa: E402

from .cli import main  # noqa: E402


def program() -> NoReturn:
    """Run the command and end."""
    sys.exit(main())


if __name__ == "__main__":
    program()
