"""Labelled pictures: fetched, unpacked, split, read into memory. No TensorFlow here."""
