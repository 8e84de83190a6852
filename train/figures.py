"""Pictures of a run."""

from collections.abc import Sequence
from pathlib import Path

from catdog.edge.files import replacing

from .history import FINE_TUNE, Epoch


def draw_accuracy_curves(path: Path, history: Sequence[Epoch], *, title: str) -> None:
    """Draw training and validation accuracy over the epochs as a PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The object interface, not pyplot: no global state, no display.
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = [epoch.number for epoch in history]
    axes.plot(numbers, [100 * epoch.accuracy for epoch in history], label="training (altered pictures)", color="#8c8c8c")
    axes.plot(numbers, [100 * epoch.val_accuracy for epoch in history], label="validation", color="#d95f02", linewidth=2)
    tuned = [epoch.number for epoch in history if epoch.phase == FINE_TUNE]
    if tuned:
        axes.axvspan(tuned[0] - 0.5, tuned[-1] + 0.5, color="#7570b3", alpha=0.12, label="whole network trainable")
    axes.set(xlabel="epoch", ylabel="accuracy (%)", title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=130)
