"""Training: from a folder of labelled photographs to `runs/<name>/model.keras`. Needs the extra `train`."""
