"""Where downloads and unpacked archives are kept."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for downloads and unpacked archives, by the platform's convention."""
    try:
        import platformdirs
    except ModuleNotFoundError:  # `catdog-export verify` runs with the edge's packages alone; theirs is Linux' convention
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "catdog"
    return Path(platformdirs.user_cache_dir("catdog"))
