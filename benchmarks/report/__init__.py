"""The measured benchmark as one value, and the four files that are made of it."""
