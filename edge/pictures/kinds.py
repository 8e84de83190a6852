"""What a file is: by its first bytes, and by its name only where these say nothing.

    kind = kind_of_file(Path("IMG_0001.HEIC"))     # reads `HEAD_BYTES` bytes
    kind.family, kind.name                         # Family.PICTURE, "HEIC"
    kind_of(head, "a.jpg")                         # the same of bytes that are at hand, say of a member of an archive

- Family.PICTURE: to be given to `catdog.edge.pictures.decode.read_picture`, which reads it or says why not. A file with a
  picture's suffix and strange content is one as well: that it is damaged has to be told.
- Family.VIDEO: a film, by its content or suffix. Pictures and films are told apart by content: ``film.jpg`` is a film.
- Family.RAW: what a camera's sensor gave (.nef, .cr2, .dng ...), often beside the JPEG of it. Not read; to be counted.
- Family.OTHER: everything else.

`is_passed_over` knows the names of files and folders that are nobody's pictures: hidden ones, and what NAS devices, archives
and recycle bins keep beside them (``@eaDir``, ``#recycle``, ``__MACOSX``). `LeftOut` counts the rest and puts it into one
line. `catdog.edge.pictures.folders` walks through folders with both.

May import: nothing but the standard library.
"""

import re
from collections import Counter
from enum import StrEnum
from pathlib import Path, PurePath
from typing import NamedTuple

HEAD_BYTES = 512  # that `kind_of` looks at, at most

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".pjpeg", ".pjp", ".mpo"),
        *(".png", ".apng", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".jp2", ".j2k", ".j2c", ".jpx", ".jpf"),
        *(".heic", ".heif", ".hif", ".avif", ".jxl"),
    }
)
VIDEO_SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".avi", ".divx", ".mkv", ".webm", ".mpg", ".mpeg", ".vob"),
        *(".ts", ".mts", ".m2ts", ".mjpg", ".mjpeg", ".wmv", ".asf", ".flv", ".ogv", ".h264", ".264", ".h265", ".265", ".hevc"),
        *(".y4m", ".mxf"),
    }
)
RAW_SUFFIXES = frozenset(
    {
        ".dng",
        ".nef",
        ".nrw",
        ".cr2",
        ".cr3",
        ".crw",
        ".arw",
        ".srf",
        ".sr2",
        ".orf",
        ".rw2",
        ".raf",
        ".pef",
        ".srw",
        ".raw",
        ".x3f",
    }
)
_JPEGS_IN_A_ROW = frozenset({".mjpg", ".mjpeg"})

_PASSED_OVER = frozenset(
    {
        *(
            "@eadir",
            "@recycle",
            "@recently-snapshot",
            "#recycle",
            "#snapshot",
            "@tmp",
            "__macosx",
            "$recycle.bin",
            "lost+found",
        ),
        *("system volume information", "thumbs.db", "desktop.ini", "ehthumbs.db", "found.000"),
    }
)

_STARTS_OF_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0\x08\0\0\0", "TIFF"),  # BigTIFF
    (b"MM\0+\0\x08\0\0", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
)
_STARTS_OF_RAWS = ((b"FUJIFILMCCD-RAW", "RAF"), (b"IIRO", "ORF"), (b"IIRS", "ORF"), (b"IIU\0", "RW2"), (b"FOVb", "X3F"))
_STARTS_OF_VIDEOS = (
    (b"\x1a\x45\xdf\xa3", "Matroska"),
    (b"\0\0\x01\xba", "MPEG"),
    (b"\0\0\x01\xb3", "MPEG"),
    (b"FLV\x01", "FLV"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"YUV4MPEG2", "YUV4MPEG"),
    (b"\0\0\0\x01\x67", "H.264"),
    (b"\0\0\0\x01\x27", "H.264"),
    (b"\0\0\0\x01\x40\x01", "H.265"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
)
# Brands of ISO files. Sources: ISO/IEC 23008-12, annex B; MPEG's registration authority, mp4ra.org/registered-types/brands.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_STILL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # bytes
_PNM = re.compile(rb"P[1-6]\s(\s|#[^\n]*\n)*\d+\s|P7\n(#[^\n]*\n)*[A-Z]+ ")  # source: netpbm's pages ppm(5), pam(5)
_BLANKS = b" \t\r\n"


class Family(StrEnum):
    """What can be done with a file."""

    PICTURE = "picture"
    VIDEO = "video"
    RAW = "camera raw file"
    OTHER = "other"


class Kind(NamedTuple):
    """What a file is.

    Attributes:
        family: what can be done with it.
        name: of its format, such as ``"JPEG"``; empty where the content says nothing and the name was believed.
    """

    family: Family
    name: str = ""


def kind_of(head: bytes, name: str | PurePath = "") -> Kind:
    """Tell what a file is.

    Args:
        head: its first bytes; more than `HEAD_BYTES` are not needed.
        name: of the file. It decides where the content says nothing, between raw files and TIFF, and between one JPEG and many.
    """
    suffix = PurePath(name).suffix.lower()
    head = head[:HEAD_BYTES]
    found = _by_content(head)
    if found is None:
        return Kind(_by_suffix(suffix, head))
    if suffix in RAW_SUFFIXES and found.name == "TIFF":
        return Kind(Family.RAW, suffix[1:].upper())
    if suffix in _JPEGS_IN_A_ROW and found.name == "JPEG":
        return Kind(Family.VIDEO, "Motion JPEG")
    return found


def kind_of_file(path: Path) -> Kind:
    """Tell what a file is; one that cannot be opened is what its name says: to read it will tell why."""
    try:
        with path.open("rb", buffering=0) as file:
            return kind_of(file.read(HEAD_BYTES), path.name)
    except (OSError, ValueError):
        return Kind(_by_suffix(path.suffix.lower(), b""))


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of that name is nobody's picture: hidden, a recycle bin, or what a NAS or an archive keeps."""
    return name.startswith(".") or name.lower() in _PASSED_OVER


class LeftOut:
    """Counts what is left out, by kind, and says it in one line."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(self._counts.values())

    @property
    def kinds(self) -> int:
        """How many kinds there are."""
        return len(self._counts)

    def update(self, others: "LeftOut") -> None:
        """Count what was counted elsewhere."""
        self._counts.update(others._counts)

    def file(self, path: PurePath, kind: Kind | None = None) -> None:
        """Count a file.

        Args:
            path: its suffix is told.
            kind: what it is; None for one that is passed over by its name.
        """
        suffix = path.suffix.lower()
        if kind is None and path.name.startswith("."):
            self._counts["hidden"] += 1
        elif kind is not None and kind.family in (Family.VIDEO, Family.RAW):
            self._counts[f"{kind.family} ({suffix})"] += 1
        else:
            self._counts[suffix or "without a suffix"] += 1

    def folder(self, path: PurePath) -> None:
        """Count a folder that is passed over."""
        self._counts["hidden folder" if path.name.startswith(".") else f"folder {path.name}"] += 1

    def link(self) -> None:
        """Count a link to a folder that was read already: two links may lead in a circle."""
        self._counts["link to a folder that is read already"] += 1

    def line(self) -> str:
        """Say what was left out, in words, the most frequent first; empty where nothing was."""
        return ", ".join(
            f"{count:,} {what}" for what, count in sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
        )


def _by_content(head: bytes) -> Kind | None:
    if head.lstrip(_BLANKS).startswith(b"\xff\xd8\xff"):  # some cameras' scripts send an empty line first
        return Kind(Family.PICTURE, "JPEG")
    if head[8:10] == b"CR" and head.startswith(b"II*\0"):
        return Kind(Family.RAW, "CR2")
    for family, starts in (
        (Family.PICTURE, _STARTS_OF_PICTURES), (Family.RAW, _STARTS_OF_RAWS), (Family.VIDEO, _STARTS_OF_VIDEOS)
    ):  # fmt: skip
        for start, name in starts:
            if head.startswith(start):
                return Kind(family, name)
    return _iso(head) or _riff(head) or _transport_stream(head) or _short_start(head)


def _iso(head: bytes) -> Kind | None:
    """Tell the files apart that are made of ISO's boxes: HEIC and AVIF, MP4 and QuickTime."""
    box = head[4:8]
    if box in _QUICKTIME_BOXES:
        return Kind(Family.VIDEO, "QuickTime")
    if box != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] == b"crx ":
        return Kind(Family.RAW, "CR3")
    # The first is the file's own; a picture may have a general one there. Films list none of pictures.
    if _AVIF_BRANDS.intersection(brands):
        return Kind(Family.PICTURE, "AVIF")
    if _HEIC_BRANDS.intersection(brands) or _STILL_BRANDS.intersection(brands):
        return Kind(Family.PICTURE, "HEIC")
    return Kind(Family.OTHER, "MPEG-4 sound") if brands[0] in _SOUND_BRANDS else Kind(Family.VIDEO, "MP4")


def _riff(head: bytes) -> Kind | None:
    if not head.startswith((b"RIFF", b"RIFX")):
        return None
    return {b"WEBP": Kind(Family.PICTURE, "WebP"), b"AVI ": Kind(Family.VIDEO, "AVI")}.get(
        head[8:12], Kind(Family.OTHER, "RIFF")
    )


def _transport_stream(head: bytes) -> Kind | None:
    for first, length in ((0, 188), (4, 192)):  # bytes of a packet; Blu-ray's have a time before them
        signs = head[first::length][: (HEAD_BYTES - first) // length]
        if len(signs) > 1 and set(signs) == {0x47}:
            return Kind(Family.VIDEO, "MPEG-TS")
    return None


def _short_start(head: bytes) -> Kind | None:
    """Tell formats by two letters, which text may begin with as well, and by what must follow."""
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Kind(Family.PICTURE, "BMP")
    if _PNM.match(head):
        return Kind(Family.PICTURE, "PNM")
    return Kind(Family.VIDEO, "Ogg") if head.startswith(b"OggS") and b"theora" in head else None


def _by_suffix(suffix: str, head: bytes) -> Family:
    if suffix == ".ts" and head and b"\0" not in head:
        return Family.OTHER  # TypeScript
    if suffix in PICTURE_SUFFIXES:
        return Family.PICTURE
    if suffix in VIDEO_SUFFIXES:
        return Family.VIDEO
    return Family.RAW if suffix in RAW_SUFFIXES else Family.OTHER
