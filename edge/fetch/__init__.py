"""Files from addresses: fetched once, continued where a transfer broke off, whole or not there.

`transfer` and `partial` are for all rooms, whoever asks the server; `model` is what `--model https://...` does.

May import of `catdog.edge`: `common`, `contract`, `errors`, `sources`.
"""
