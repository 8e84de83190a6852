"""The page of an export: what was made, how it was proven, what was tried where it failed."""
