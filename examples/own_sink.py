"""A sink of one's own: each visit is a row in a SQLite database.

    python examples/own_sink.py visits.db demo 100      database, source, number of frames

A sink is any class with these four names. Here a program of one's own feeds it; in a small package with an entry point it is
`catdog-edge --camera 0 --sink visits:visits.db` (docs/extend/add-a-sink.md).
"""

import sqlite3
import sys

from catdog.edge import LiveClassifier, Observation, RunOptions


class VisitSink:
    """Writes who came and went, and when.

    Args:
        path: the database; made where there is none.
    """

    name = "visits"
    wants_pictures = False
    only_events = True

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("create table if not exists visits (at real, source text, label text, kind text, score real)")

    def take(self, observation: Observation) -> None:
        """Write what has happened, whole or not at all."""
        rows = [(observation.at, event.source, event.label, event.kind, event.score) for event in observation.events]
        with self._database:
            self._database.executemany("insert into visits values (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Finish what is begun."""
        self._database.close()


def main(path: str = "visits.db", source: str = "demo", frames: str = "0") -> None:
    """Watch a source and keep its visits."""
    options = RunOptions(max_frames=int(frames) or None)
    sink = VisitSink(path)
    try:
        with LiveClassifier(source, options=options) as live:
            for observation in live:
                if observation.events:
                    sink.take(observation)
    finally:
        sink.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
