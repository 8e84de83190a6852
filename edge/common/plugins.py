"""Registries of what catdog can do, and what other packages add to them.

A registry has rows of catdog's own, and those of every installed package with entry points in its group:

    [project.entry-points."catdog.sinks"]
    sqlite = "catdog_sqlite:SQLITE"

Entry points are read when a name is asked for that is not among catdog's own, or when all are listed: that takes 20 ms, an
eighth of the time to the first label. A package is imported when its row is used. One that fails is one line on stderr, or an
error, and takes nothing else with it. A name that catdog has itself, or that another package had first, is refused.

May import: `catdog.edge.errors`.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ..errors import CatdogError, PluginError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from typing import Protocol

    class Named(Protocol):
        """What every row has."""

        @property
        def name(self) -> str:
            """What it is asked for by."""
            ...


DOORS = "catdog.doors"  # the group in which each room names its registries, for the doctor
Row = TypeVar("Row", bound="Named")


class Offer(NamedTuple):
    """A row that another package has, not loaded yet.

    Attributes:
        name: what it is asked for by.
        package: name and version of who has it, e.g. ``"catdog-sqlite 0.1"``.
        entry: where it is.
        refused: why it is not taken; empty where it is.
    """

    name: str
    package: str
    entry: "EntryPoint"
    refused: str = ""


class Registry(Generic[Row]):
    """Rows by name: catdog's own, and those of other packages.

    Args:
        group: of the entry points, e.g. ``"catdog.sinks"``.
        noun: what a row is, for messages, e.g. ``"sink"``.
        kind: the rows' class.
        own: catdog's rows.

    Attributes:
        own: catdog's rows by name; of these nothing need be read.
    """

    def __init__(self, group: str, noun: str, kind: type[Row], own: Iterable[Row]) -> None:
        self.group, self.noun = group, noun
        self.own: dict[str, Row] = {row.name: row for row in own}
        self._kind = kind
        self._offers: tuple[Offer, ...] | None = None
        self._told = False

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self._taken()

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from self._taken()

    def others(self) -> list[str]:
        """Return the names that other packages have."""
        return list(self._taken())

    def find(self, name: str) -> Row:
        """Return a row; that of another package is imported for it.

        Raises:
            UsageError: nobody has a row of that name.
            PluginError: the package that has it cannot be loaded.
        """
        if name in self.own:
            return self.own[name]
        offer = self._taken().get(name)
        if offer is None:
            raise UsageError(
                f"a {self.noun} of {', '.join(self)}", got=name, fix="Check the spelling; catdog-edge doctor lists plugins."
            )
        return self.load(offer)

    def rows(self) -> Iterator[Row]:
        """Give all rows, catdog's own first; a package that cannot be loaded is left out, and told of on stderr."""
        yield from self.own.values()
        for offer in self._taken().values():
            try:
                row = self.load(offer)
            except PluginError as error:
                _tell(str(error))
                continue
            yield row

    def offers(self) -> tuple[Offer, ...]:
        """Return what other packages have, in the order of the import path, the refused among them; nothing is imported."""
        if self._offers is None:
            self._offers = tuple(self._read())
        return self._offers

    def load(self, offer: Offer) -> Row:
        """Import a row.

        Raises:
            PluginError: the package fails, or has something else there.
        """
        what = f"the {self.noun} {offer.name} of {offer.package}"
        try:
            with contextlib.redirect_stdout(sys.stderr):  # stdout is for results
                row = offer.entry.load()
        except CatdogError as error:
            raise PluginError(f"{what} to load", got=str(error), fix="Install what it needs, or remove it.") from error
        # Whatever a stranger's module does when it is imported, it is one line of ours.
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {str(error)[:200]}"
            raise PluginError(f"{what} to load", got=said, fix="Install what it needs, or remove it.") from error
        if not isinstance(row, self._kind):
            expected = f"{what} to be a {self._kind.__module__}.{self._kind.__name__}"
            raise PluginError(expected, got=f"{type(row).__name__} at {offer.entry.value}", fix="Tell its authors.")
        if row.name != offer.name:
            raise PluginError(f"{what} to have that name", got=row.name, fix="Tell its authors.")
        return row

    @contextlib.contextmanager
    def blaming(self, name: str) -> Iterator[None]:
        """Name the package whose row goes wrong in a way that it should not.

        Raises:
            PluginError: for what is neither an error of ours nor the system's, of a row that is not catdog's own.
        """
        try:
            yield
        except (CatdogError, OSError, MemoryError):
            raise
        except Exception as error:
            if name in self.own:
                raise
            what = f"the {self.noun} {name} of {self._taken()[name].package} to work"
            said = f"{type(error).__name__}: {str(error)[:200]}"
            raise PluginError(what, got=said, fix="Tell its authors, or remove it.") from error

    def _taken(self) -> Mapping[str, Offer]:
        if not self._told:
            self._told = True
            for offer in self.offers():
                if offer.refused:
                    _tell(f"the {self.noun} {offer.name} of {offer.package} is not taken: {offer.refused}")
        return {offer.name: offer for offer in self.offers() if not offer.refused}

    def _read(self) -> Iterator[Offer]:
        from importlib.metadata import entry_points

        first: dict[str, str] = {}
        for entry in entry_points(group=self.group):
            package = "an unknown package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
            refused = f"catdog has a {self.noun} of that name" if entry.name in self.own else ""
            if not refused and entry.name in first:
                refused = f"{first[entry.name]} has a {self.noun} of that name, too"
            first.setdefault(entry.name, package)
            yield Offer(entry.name, package, entry, refused)


class Choices(Generic[Row]):
    """The names of a registry, and words beside them, for `argparse`; entry points are read for names that are not catdog's.

    Args:
        registry: whose names.
        words: further ones, before them.
    """

    def __init__(self, registry: Registry[Row], *words: str) -> None:
        self._registry, self._words = registry, words

    def __contains__(self, name: object) -> bool:
        return name in self._words or name in self._registry

    def __iter__(self) -> Iterator[str]:
        yield from self._words
        yield from self._registry


def _tell(line: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):  # closed or full
            print(f"catdog: {line}", file=sys.stderr, flush=True)  # noqa: T201
