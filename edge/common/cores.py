"""How many cores there are for us."""

import os


def usable_cores() -> int:
    """Count the cores this process may use; fewer than the machine has where a container or taskset says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
