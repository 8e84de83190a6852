"""What native libraries print is dropped, and nothing else. Processes of their own: pytest's stderr is no descriptor."""

import subprocess
import sys

_START = (
    "import os, threading\n"
    "from catdog.edge.common.quiet import STDERR, native_output_dropped\n"
    "from catdog.edge.program.reporter import log"
)


def told_by(program: str) -> str:
    command = [sys.executable, "-c", f"{_START}\n{program}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_line_of_another_thread_is_told_when_the_library_is_done() -> None:
    program = """
teller = threading.Thread(target=log, args=("a camera is lost",))
with native_output_dropped():
    os.write(STDERR, b"INFO: created delegate\\n")
    teller.start()
    teller.join(0.2)
teller.join()
"""
    assert told_by(program) == "a camera is lost\n"


def test_two_at_a_time_leave_stderr_as_it_was() -> None:
    program = """
def load(inside, before, after):
    before.wait(0.2)
    with native_output_dropped():
        inside.set()
        after.wait(0.2)

first_in, second_in, never = threading.Event(), threading.Event(), threading.Event()
now = threading.Event()
now.set()
threads = [
    threading.Thread(target=load, args=(first_in, now, second_in)),
    threading.Thread(target=load, args=(second_in, first_in, never)),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
log("still here")
"""
    assert told_by(program) == "still here\n"
