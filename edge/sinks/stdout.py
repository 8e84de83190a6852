"""Results on stdout: JSON lines, plain lines, or on a terminal one line that changes where it stands."""

from ..errors import on_one_line
from ..runner.observation import Observation
from ..runner.results import state_to_json
from ..sources import Change

CLEAR_LINE = "\r\x1b[K"


class StdoutSink:
    """Prints, a line for each result and event.

    Args:
        as_json: one JSON object a line.
        in_place: let a camera's line change where it stands, as people at a terminal want it.

    Attributes:
        gone: nobody reads any more (`catdog-edge ... | head`).
    """

    name = "stdout"
    wants_pictures = False
    only_events = False

    def __init__(self, *, as_json: bool, in_place: bool = False) -> None:
        self._as_json = as_json
        self._in_place = in_place and not as_json
        self._begun = False
        self.gone = False

    def take(self, observation: Observation) -> None:
        """Print one step; nothing for what only stderr is told."""
        try:
            if self._as_json:
                result = observation.result
                events = [str(event) for event in observation.events]
                print(state_to_json(result) if isinstance(result, Change) else result.to_json(events), flush=True)
            else:
                self._print_text(observation)
        except BrokenPipeError:
            self.gone = True

    def close(self) -> None:
        """Leave the line that changes."""
        if self._in_place and self._begun and not self.gone:
            print(flush=True)

    def _print_text(self, observation: Observation) -> None:
        if not isinstance(observation.result, Change) and (text := observation.result.to_text()):
            print(CLEAR_LINE + text if self._in_place else text, end="" if self._in_place else "\n", flush=True)
            self._begun = True
        for event in observation.events:
            print(f"{CLEAR_LINE if self._in_place else ''}{on_one_line(event.source)}: {event}", flush=True)
