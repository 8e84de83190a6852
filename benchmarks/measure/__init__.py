"""The measuring: a process for each case, which takes its turn in every round and is idle while others have theirs.

`case` says what there is to measure, `scenarios` how the frames come, `worker` is the case's process and `crew` the processes
from outside; `rounds` lets them take turns, `answers` asks them about labelled pictures.
"""
