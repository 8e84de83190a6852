"""Very many pictures on several machines, which Ray makes one of: `catdog-edge photos/ --ray --output results.parquet`.

    arguments          the option `--ray`
    cluster            Ray, started here or found at an address, and quiet
    listing            which pictures there are, in folders and wherever fsspec reads
    reading            their bytes, on the machine that judges them
    job, judging       what a worker is told, and what it does: one model a process, a shard of pictures after another
    formats            a shard's results as Parquet or JSON lines
    output             the folder of results: what is done, and that nobody else writes there
    run                from pictures to results: shards given out, those of dead workers given out again in smaller parts

Only `--ray` imports more of it than `arguments`; only `cluster` and `run` import Ray, where they use it. Needs the extra `ray`.

May import of `catdog.edge`: `common`, `contract`, `errors`, `foreign`, `inference`, `pictures`, `runner`, `sources`.
"""
