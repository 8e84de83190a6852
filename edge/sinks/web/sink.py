"""`--serve`: the sink behind the page."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from ...inference.classifier import Classifier
from ...runner.observation import Observation
from ...runner.results import Result
from ..drawing import draw_pets
from .access import check_access, new_token, token_from_environment
from .address import Names, is_loopback, listen, parse_address, url_of
from .label.folder import LabelFolder
from .label.routes import LabelRoutes
from .label.teaching import Teacher
from .label.using import Using
from .latest_picture import LatestPicture
from .metrics import About, Metrics
from .routes import Routes
from .server import PageServer
from .status import Status
from .streams import JpegEncoder


class WebSink:
    """Serves a page of what is seen, until it is closed.

    It stands in the runner's thread, not behind a queue: a queue drops what finds no room, and metrics must count everything.
    What it does there is to note a step and to hang up a picture, some ten microseconds; it encodes nothing and waits for
    nobody.

    Args:
        where: ``[HOST:]PORT``.
        model: what classifies; only what it says of itself is kept.
        sinks: those whose times and losses are told.
        tell: says to whoever looks at stderr where the page is, and what is wrong.
        label: the folder whose pictures are labelled at `/label`; None where none are kept.
        models: the store whose model is in use; None where the program runs without one.

    Attributes:
        url: of the page, without a token.

    Raises:
        UsageError: `where` is no address, or the token that was chosen is too short.
        OutputError: the port is taken, or the address is not one of this machine's.
    """

    name, only_events = "--serve", False

    def __init__(
        self,
        where: str,
        model: Classifier,
        sinks: Iterable[object],
        tell: Callable[[str], None],
        label: Path | None = None,
        models: Path | None = None,
    ) -> None:
        address, chosen = parse_address(where), token_from_environment()
        listening = listen(address)
        token = chosen or (None if is_loopback(listening) else new_token())
        self.url = url_of(listening)
        self._latest, self._status = LatestPicture(), Status()
        about = _about(model)
        self._metrics = Metrics(about, self._status.condition, sinks, lambda: self.clients)
        file = model.model_path
        folder = None if label is None else LabelFolder(label, about.labels)
        using = None if models is None else Using(models, tell)
        self._teacher = None if label is None else Teacher(label, lambda: (using.file() if using else None) or file, tell)
        self._server = PageServer(
            listening,
            partial(JpegEncoder, self._latest, self._status),
            partial(
                Routes, about, self._status, self._latest, self._metrics, partial(LabelRoutes, folder, self._teacher, using)
            ),
            check_access(Names(address.host), token, listening.getsockname()[1]),
            tell,
        )
        self._server.start()
        tell(f"page at {self.url}{f'?token={token}' if token and not chosen else ''}")

    @property
    def wants_pictures(self) -> bool:
        """Whether somebody looks, and is due for another."""
        return self._latest.is_due

    @property
    def clients(self) -> int:
        """How many connections there are."""
        return self._server.clients

    @property
    def watchers(self) -> int:
        """How many of them look at the picture."""
        return self._latest.watchers

    def take(self, observation: Observation) -> None:
        """Note one step; returns at once."""
        self._metrics.count(observation)
        self._status.take(observation)
        if isinstance(observation.result, Result) and observation.result.prediction is not None:
            picture = observation.result.frame.picture
            if picture is not None and observation.result.pets:
                picture = picture.copy()  # other sinks have it as well
                draw_pets(picture, observation.result.pets)
            self._latest.put(picture)

    def close(self) -> None:
        """End the page."""
        self._server.stop()
        if self._teacher is not None:
            self._teacher.close()


def _about(model: Classifier) -> About:
    contract = model.contract
    spec = contract.input
    return About(
        contract.name, contract.labels, f"{spec.width} x {spec.height}, {spec.dtype}", model.backend_name, contract.made_by
    )
