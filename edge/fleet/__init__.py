"""Many devices: models that are signed, fetched and taken because a message said so.

    signature    who has signed a file: the statement, its check, the keys that a device knows
    message      which model to take: name, address, SHA-256, signature, share of the devices
    taken        what a device has taken last, so that nothing older is
    device       does what messages say, and tells what it has done

May import of `catdog.edge`: `common`, `contract`, `errors`, `fetch`, `store`.
"""
