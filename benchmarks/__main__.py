"""The program `catdog-bench`, as the shell starts it; also `python -m catdog.benchmarks`."""

from catdog.edge.common.startup import end_at_once

end_at_once("catdog-bench")

import sys  # noqa: E402
from typing import NoReturn  # noqa: E402

from .cli import main  # noqa: E402


def program() -> NoReturn:
    """Run the command and end."""
    sys.exit(main())


if __name__ == "__main__":
    program()
