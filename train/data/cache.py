"""Where downloads and unpacked archives are kept."""

from pathlib import Path

from catdog.edge.fetch.cache import cache_folder as edge_folder


def cache_folder() -> Path:
    """Return the folder for downloads and unpacked archives, by the platform's convention."""
    try:
        import platformdirs
    except ModuleNotFoundError:  # `catdog-export verify` runs with the edge's packages alone; theirs is Linux' convention
        return edge_folder()
    return Path(platformdirs.user_cache_dir("catdog"))
