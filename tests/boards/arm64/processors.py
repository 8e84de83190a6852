"""The two processors: what qemu calls them, and what Linux says of them on a board.

LiteRT's `cpuinfo` reads /proc/cpuinfo and /sys/devices/system/cpu to choose XNNPACK's kernels. qemu-user shows it the host's,
and XNNPACK is then left out or crashes. So the root has files of its own there. `-cpu max` has instructions that neither board
has, and qemu 7.2 computes int8 wrongly with them.
"""

from dataclasses import dataclass

_CORES = 4
_A72_HAS = "fp asimd evtstrm crc32 cpuid"
_A76_HAS = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"


@dataclass(frozen=True)
class Processor:
    """One processor of a board."""

    name: str  # as qemu has it
    board: str
    features: str  # as Linux calls them
    variant: int
    part: int
    revision: int

    @property
    def cpuinfo(self) -> str:
        """What /proc/cpuinfo says."""
        return "".join(
            f"processor\t: {core}\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\n"
            f"CPU revision\t: {self.revision}\n\n"
            for core in range(_CORES)
        )


PROCESSORS = {
    "a72": Processor("cortex-a72", "Raspberry Pi 4", _A72_HAS, 0, 0xD08, 3),
    "a76": Processor("cortex-a76", "Raspberry Pi 5", _A76_HAS, 4, 0xD0B, 1),
}
PRESENT = f"0-{_CORES - 1}\n"  # what /sys/devices/system/cpu/present and possible say
