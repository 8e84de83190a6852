"""The optional packages of `catdog-bench`."""

from functools import partial

from catdog.train.extras import require_packages

require_extras = partial(require_packages, "bench", "jinja2", "matplotlib", "psutil", "tqdm")
