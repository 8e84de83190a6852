"""`catdog-edge photos/ --ray --output results.parquet`: the command line's part of `catdog.edge.bulk`."""

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..bulk.cluster import check_address, connected, nodes, require_ray
from ..bulk.job import Job
from ..common.installation import own_version
from ..contract.artifact import read_model_file
from ..errors import PartialFailureError, UsageError
from ..foreign.arguments import CLAIMS, model_claims
from ..inference.classifier import Classifier
from ..models import BUNDLED, bundled_tflite
from ..pictures.decode import silence_opencv
from ..pictures.kinds import LeftOut
from .arguments import run_options
from .located import located

# What is not here is about cameras, or about results that are told one by one.
_TAKEN = {
    "ray",
    "output",
    "inputs",
    "config",
    "rotate",
    "crop",
    "regions",
    "zone",
    "ignore",
    "model",
    "backend",
    "threads",
    "threshold",
}


def check_bulk(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse options that `--ray` has no use for, and `--output` without it.

    Raises:
        UsageError: there is one, or the one that says where results go is missing.
    """
    if arguments.ray is None:
        raise UsageError("--ray beside --output", got="--output alone", fix="Results on stdout: catdog-edge photos/ --json")
    check_address(arguments.ray)
    given = [name for name, value in vars(arguments).items() if value != parser.get_default(name)]
    others = [f"--{name.replace('_', '-')}" for name in given if name not in {*_TAKEN, *CLAIMS}]
    if others:
        raise UsageError("options for pictures beside --ray", got=", ".join(sorted(others)), fix="Leave it out.")
    if arguments.output is None or not arguments.inputs:
        raise UsageError(
            "pictures, and --output for their results", got="none", fix="catdog-edge photos/ --ray --output day.parquet"
        )


def classify_bulk(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Judge pictures on a cluster; returns the exit code.

    Raises:
        CatdogError: something is wrong with what was asked for, or breaks. Shards that are done are kept.
    """
    require_ray()
    from ..bulk.output import Output
    from ..bulk.run import Pace, classify_all, shards
    from ..common.progress import progress_bar

    silence_opencv()
    output = Output(arguments.output)
    names = _listed(arguments.inputs, say)
    job, labels = _job(arguments, names, say, output.format.name)
    pieces = shards(names)
    with output.claimed(_plan(job, names, len(pieces))):
        done = output.done()
        todo = [piece for piece in pieces if piece.shard not in done]
        there = len(names) - sum(len(piece.names) for piece in todo)
        if there:
            say(f"{there:,} of {len(names):,} pictures are in {output.folder} already")
        if not todo:
            return 0
        with connected(arguments.ray):
            found = nodes()
            say(f"{len(found)} machine{'s' if len(found) > 1 else ''} with {sum(node.cores for node in found)} cores")
            pace = Pace()
            with closing(progress_bar(total=len(names), initial=there, title="judged", unit=" pictures")) as bar:

                def step(count: int) -> None:
                    if not sys.stderr.isatty():  # a bar shows it by itself
                        bar.set_postfix_str(pace.after(count), refresh=False)
                    bar.update(count)

                outcome = classify_all(job, todo, output, labels, say, step)
    if len(outcome.computes) > 1:
        say(f"machines differ, and pictures near a threshold may be answered otherwise: {'; '.join(sorted(outcome.computes))}")
    counts = ", ".join(f"{count:,} {label}" for label, count in outcome.counts.most_common())
    print(f"{output.folder}: {outcome.pictures:,} pictures{f': {counts}' if counts else ''}")
    if not outcome.failed or outcome.failed == outcome.pictures:
        return outcome.code
    raise PartialFailureError(
        f"to classify all {outcome.pictures:,} pictures",
        got=f"{outcome.failed:,} that could not be judged",
        fix="They are in the results, each with its error.",
    )


def _listed(inputs: list[str], say: Callable[[str], None]) -> list[str]:
    from ..bulk.listing import list_pictures

    left_out = LeftOut()
    names = list_pictures(inputs, left_out)
    if left_out:
        say(f"left out, as no picture: {left_out.line()}")
    return names


def _job(
    arguments: argparse.Namespace, names: list[str], say: Callable[[str], None], results: str
) -> tuple[Job, tuple[str, ...]]:
    """Put together what workers are told, and the model's labels; a model that cannot be used is told before Ray starts."""
    from ..bulk.listing import is_remote

    model = located(arguments.model, say)
    file = read_model_file(bundled_tflite(model) if model in BUNDLED else Path(model))
    claims = model_claims(arguments)
    labels = Classifier.of_file(file, claims=claims, backend=arguments.backend, threads=1).contract.labels
    local = (name for name in names if not is_remote(name) and Path(name).exists())
    return Job(
        model=file.data,
        model_name=str(file.path),
        claims=claims,
        backend=arguments.backend,
        options=run_options(arguments),
        format=results,
        base=str(Path.cwd()),
        seen=next(local, None),
        version=own_version(),
    ), labels


def _plan(job: Job, names: list[str], shards: int) -> dict[str, object]:
    """Return what the results are of, for whoever resumes or reads them."""
    import hashlib

    from ..bulk.output import digest

    options = job.options
    judging = [options.threshold, str(options.transform), options.regions.mode, str(options.regions.zones)]
    return {
        "catdog": job.version,
        "pictures": len(names),
        "names (SHA-256)": digest(names),
        "shards": shards,
        "model": Path(job.model_name).name,
        "model (SHA-256)": hashlib.sha256(job.model).hexdigest(),
        "claims": [] if job.claims is None else job.claims.given(),
        "backend": job.backend,
        "judging": judging,
        "format": job.format,
    }
