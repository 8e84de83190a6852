"""Picture files and bytes, to BGR arrays: whole ones, or none; which files are pictures, and which folders are passed over.

May import of `catdog.edge`: `common`, `errors`.
"""
