"""Model files of others: what they say of themselves, what has to be told, and the contract that comes of both.

Nothing is guessed: what neither the file nor whoever runs it says is asked for. Every command
imports `arguments`, which has the options; all else is imported for files without catdog's contract only.

May import of `catdog.edge`: `common`, `contract`, `errors`.
"""
