"""The mean of two runs' weights, of which one went on from the other: often better than either, at the cost of one.

Source: M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", ICML 2022.

May import: Keras, `catdog.train`.
"""

from dataclasses import replace
from pathlib import Path

from catdog.edge.errors import UsageError
from catdog.train.data.dataset import held_out, load_dataset
from catdog.train.evaluate import evaluate
from catdog.train.features import predict
from catdog.train.model import logits_model
from catdog.train.model_file import TrainedModel, read_model
from catdog.train.options import TrainOptions
from catdog.train.record import StageRecord
from catdog.train.temperature import apply_temperature, fit_temperature


def averaged(
    trained: TrainedModel, record: StageRecord, options: TrainOptions, other: Path
) -> tuple[TrainedModel, StageRecord]:
    """Return a run's model with the mean of its weights and another's, and its record with what that is held out for.

    The temperature is fitted anew on the training pictures that neither has learnt from.

    Args:
        trained: the run's model; changed in place.
        record: of the run.
        options: of the run.
        other: folder of a run of the same network and data.

    Raises:
        CatdogError: there is no such run.
        UsageError: it is of another network.
    """
    second = read_model(other).core
    ours, theirs = trained.core.get_weights(), second.get_weights()
    if [each.shape for each in ours] != [each.shape for each in theirs]:
        raise UsageError("runs of the same network", got=f"another in {other}", fix="Name another --average.")
    trained.core.set_weights([(one + two) / 2 for one, two in zip(ours, theirs, strict=True)])
    dataset = load_dataset(options.data)
    _, kept = held_out(dataset, options.held_out, options.data.seed)
    temperature = fit_temperature(predict(logits_model(trained.core), kept.pixels), kept.targets)
    apply_temperature(trained.core, temperature)
    where = f"{len(kept):,} training pictures that were held out"
    found = evaluate(predict(trained.core, kept.pixels), kept, dataset.labels, where)
    return trained, replace(record, temperature=temperature, held_out=found)
