"""`--on-event CMD`: runs a program when somebody appears or leaves."""

import os
import shlex
import shutil
import signal
import subprocess
from datetime import UTC, datetime

from ..errors import OutputError, UsageError
from ..runner.events import Event
from ..runner.observation import Observation

_SECRETS = ("CATDOG_TOKEN", "CATDOG_MQTT_USER", "CATDOG_MQTT_PASSWORD")  # of other sinks; no program of the user's needs them


class CommandSink:
    """Runs a program once for each event, one at a time, with a time limit; no shell is asked.

    The program gets the event in its environment: CATDOG_EVENT (``appeared`` or ``left``), CATDOG_LABEL, CATDOG_SCORE,
    CATDOG_SOURCE, CATDOG_FRAME and CATDOG_TIME (ISO 8601, UTC); the passwords of page and broker are taken out of it.

    Args:
        command: program and arguments, in shell's quoting.
        limit_s: after which it is killed, seconds.

    Raises:
        UsageError: there is no such program.
    """

    wants_pictures = False
    only_events = True

    def __init__(self, command: str, *, limit_s: float = 30.0) -> None:
        self.name = "--on-event"
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(
                "--on-event CMD in shell's quoting",
                got=f"{command} ({error})",
                fix="Example: --on-event 'feeder.py --portion small'",
            ) from error
        if not self._arguments or shutil.which(self._arguments[0]) is None:
            raise UsageError(
                "--on-event with a program that can be run",
                got=command or "nothing",
                fix="Example: --on-event /home/pi/feeder.py; it must be executable.",
            )
        self._limit_s = limit_s

    def take(self, observation: Observation) -> None:
        """Run the program for each event; what goes wrong with one does not keep the next from it."""
        troubles = [trouble for event in observation.events if (trouble := self._run(event, observation.at)) is not None]
        if troubles:
            raise troubles[0]

    def _run(self, event: Event, at: float) -> OutputError | None:
        about = {
            "CATDOG_EVENT": event.kind,
            "CATDOG_LABEL": event.label,
            "CATDOG_SCORE": f"{event.score:.4f}",
            "CATDOG_SOURCE": event.source,
            "CATDOG_FRAME": str(event.frame),
            "CATDOG_TIME": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        }
        # Its output must not come between our results on stdout.
        with subprocess.Popen(
            self._arguments,
            env={name: value for name, value in os.environ.items() if name not in _SECRETS} | about,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                code = process.wait(self._limit_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                limit = f"{self._arguments[0]} to be done in {self._limit_s:g} s"
                return OutputError(limit, got="more", fix="Let it go to the background.")
        return OutputError(f"{self._arguments[0]} to end with code 0", got=str(code), fix="Run it by hand.") if code else None

    def close(self) -> None:
        """Nothing is held open."""
