"""Trainings on the machines of a Ray cluster, `catdog-train --ray`.

    training     of a single one: what of it several machines share
    features     the features of a frozen backbone, in pieces
    steps        the steps of fine-tuning, each machine a part of every batch
    folds        the folds of a cross-validation
    process      what a worker's process does before it trains

May import: Ray, where it is used, `catdog.edge.bulk`'s way to it, and what trains on one machine, where a worker needs it.
"""
