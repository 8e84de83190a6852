"""Ours and theirs, as commands: one picture, one after another, a whole folder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .pictures import Photographs
from .registry import INT8, SCRIPTS, Peer
from .venvs import Venv

OURS = "catdog"


class Answer(NamedTuple):
    """What a side said of a picture."""

    path: str  # of the picture
    label: str  # the answer
    latency_ms: float  # from before the file was read to the answer


@dataclass(frozen=True)
class Side:
    """One of those that are compared."""

    name: str  # as in `Peer`, or `OURS`
    title: str  # for the tables
    model: str  # which file of the model it takes
    threads: str  # how many it takes, in words
    venv: Venv  # its environment
    one: tuple[str, ...]  # classifies one picture, and ends
    in_turn: tuple[str, ...]  # classifies all, one after another; its answers have a latency
    all_at_once: tuple[str, ...]  # classifies all as fast as it can; the same command where there is no faster way
    stdin: str  # what both are given to read
    parse: Callable[[str], list[Answer]]  # reads what both print


def ours(venv: Venv, photographs: Photographs, cores: int) -> Side:
    """Return catdog-edge as it is installed; in a folder it judges a picture on every core, each with a copy of the model."""
    command = str(venv.python.with_name("catdog-edge"))
    return Side(
        name=OURS,
        title="catdog-edge",
        model=INT8,
        threads=f"{cores}; in a folder 1 a core",
        venv=venv,
        one=(command, photographs.paths[0]),
        in_turn=(command, "-", "--json", "--threads", str(cores)),
        all_at_once=(command, str(photographs.folder), "--json"),
        stdin="".join(f"{path}\n" for path in photographs.paths),
        parse=_from_json,
    )


def theirs(peer: Peer, venv: Venv, model: str, labels: Sequence[str], photographs: Photographs, cores: int) -> Side:
    """Return a peer's script in its environment."""

    def command(script: str, pictures: Sequence[str]) -> tuple[str, ...]:
        return (str(venv.python), "-I", str(SCRIPTS / script), model, ",".join(labels), str(cores), *pictures)

    return Side(
        name=peer.name,
        title=peer.title,
        model=peer.model,
        threads=str(cores) if peer.takes_threads else "its own choice",
        venv=venv,
        one=command(peer.script, photographs.paths[:1]),
        in_turn=command(peer.script, photographs.paths),
        all_at_once=command(peer.batch_script or peer.script, photographs.paths),
        stdin="",
        parse=_from_lines,
    )


def _from_json(text: str) -> list[Answer]:
    """Read catdog-edge's lines; a picture without a label has failed, and that ends the command with another code than 0."""
    lines = [json.loads(line) for line in text.splitlines()]
    return [Answer(line["source"], line["label"], line["age_ms"]) for line in lines]


def _from_lines(text: str) -> list[Answer]:
    rows = [line.split("\t") for line in text.splitlines()]
    return [Answer(path, label, float(latency_ms)) for label, latency_ms, path in rows]
