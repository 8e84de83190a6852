"""Run a command and note what it took: `python -I -S launch.py NOTE.json CORE,CORE COMMAND...`.

A process of its own, because a child's peak memory counts what its parent had when it was forked: this one has next to nothing.
The note is `{"wall_s": seconds from start to end, "peak_bytes": resident memory, "code": exit code, below 0 for a signal}`.
"""

import json
import os
import sys
import time

note, cores, *command = sys.argv[1:]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
start = time.perf_counter()
child = os.posix_spawn(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
wall_s = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
with open(note, "w") as stream:  # noqa: PTH123 - pathlib takes longer to import than all this
    json.dump({"wall_s": wall_s, "peak_bytes": unit * usage.ru_maxrss, "code": os.waitstatus_to_exitcode(status)}, stream)
