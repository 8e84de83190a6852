"""Where results go. Each module is one kind of sink, with a row in `registry`; `queue` keeps slow ones from slowing a camera.

May import of `catdog.edge`: `common`, `contract`, `errors`, `fleet`, `inference`, `pictures`, `regions`, `runner`,
`sources`, `store`, `teach`.
Imported where one is asked for.
"""
