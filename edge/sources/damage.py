"""Which pictures of a video are drawn on others that were lost or damaged.

Encoders send few whole pictures (key frames), and between them what changes. What is lost in one picture is missing in all that
come in behind it, up to the next key frame; the decoder complains of the first alone. Pictures leave it in another order than
they came in: those that came in before the damage are whole.
"""

from collections import deque

# Encoders that refresh the picture strip by strip send no second key frame; they are through within seconds.
_LONGEST_S = 10.0
_MOST = 64  # pictures to remember: decoders hold back at most 16. Source: H.264, A.3.1, MaxDpbFrames


class Damage:
    """Keeps account of one video; times are in seconds, and `pts` is what names a picture on its way through the decoder."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._whole_from: int | None = None  # a key frame; pictures shown before it are drawn on those before it, too
        self._inside: dict[int | None, bool] = {}  # what was taken and not yet given, in order; whether a key frame
        self._spoilt: deque[int | None] = deque(maxlen=_MOST)

    def lost(self, at_s: float) -> None:
        """Note that something could not be decoded."""
        self._since_s, self._whole_from = at_s, None

    def took(self, pts: int | None, at_s: float, *, is_key: bool) -> None:
        """Note what the decoder took without complaint."""
        self._inside[pts] = is_key
        if len(self._inside) > _MOST:
            del self._inside[next(iter(self._inside))]
        if self._since_s is not None and at_s - self._since_s > _LONGEST_S:
            self._since_s = None
        self._follow(pts, is_key=is_key)

    def spares(self, pts: int | None, at_s: float, *, is_corrupt: bool) -> bool:
        """Tell whether a picture that the decoder gave is whole.

        Args:
            pts: its name.
            at_s: its place.
            is_corrupt: whether the decoder says that it is not.
        """
        if is_corrupt:
            self.lost(at_s)
            came = list(self._inside.items())
            behind = came[list(self._inside).index(pts) + 1 :] if pts in self._inside else came
            for name, is_key in behind:
                self._follow(name, is_key=is_key)
        self._inside.pop(pts, None)
        is_spoilt = is_corrupt or pts in self._spoilt
        return not is_spoilt

    def _follow(self, pts: int | None, *, is_key: bool) -> None:
        if is_key and self._since_s is not None:
            self._since_s, self._whole_from = None, pts
        if pts in self._spoilt:  # a name that comes again, or none: judged anew
            self._spoilt = deque((name for name in self._spoilt if name != pts), maxlen=_MOST)
        if self._since_s is not None or (self._whole_from is not None and pts is not None and pts < self._whole_from):
            self._spoilt.append(pts)
        elif pts != self._whole_from:
            self._whole_from = None
