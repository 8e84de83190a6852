"""Changes to finished TFLite files, for the export and for `catdog-edge teach`.

    graph       a flatbuffer written anew, cut short, with a softmax behind it
    metadata    TFLite's own metadata, as other programs read it

Both need `flatbuffers` and the schema, which ai-edge-litert brings; nothing that classifies imports them.

May import of `catdog.edge`: `contract`.
"""
