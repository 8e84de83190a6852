"""Model files of others: what they say of themselves, what has to be told, and the contract that comes of both.

Nothing is guessed: what neither the file nor whoever runs it says is asked for. Imported for files without catdog's contract
only.

May import of `catdog.edge`: `common`, `contract`, `errors`.
"""
