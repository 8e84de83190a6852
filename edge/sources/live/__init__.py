"""Sources that come and go: watched, killed when they hang, opened again, and never believed when they are silent.

capture process (`worker`) -> shared memory (`ring`) -> `process` -> `supervisor`, which asks `guard` and keeps a `State`
"""
