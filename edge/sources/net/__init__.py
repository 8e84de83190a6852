"""What cameras speak over the network: addresses, logins, TLS, HTTP, and what FFmpeg reads.

May import: `catdog.edge.errors`, `catdog.edge.pictures`, Python's own network modules; PyAV in the functions that need it.
"""
