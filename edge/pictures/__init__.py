"""Picture files and bytes, to BGR arrays: whole ones, or none.

May import of `catdog.edge`: `errors`.
"""
