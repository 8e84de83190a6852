"""Programs that are run by their path, in environments that have never heard of catdog."""
