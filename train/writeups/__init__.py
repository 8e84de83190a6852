"""The reproduction of the four write-ups, apart from what trains a model for use.

Four published notebooks of the same exercise are reproduced under the names `dense-head`, `linear-head`, `deep` and `compact`.

    pipelines     their layers, as they are published
    figures       what they say that their stages reach
    comparison    a run's stages held against that, in words
    restarts      their plain stages often start dead: a network that does not learn is restarted from other weights

The rest of this room builds, trains and reports one stage of any pipeline, and meets all this in those places only.
"""
