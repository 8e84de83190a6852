"""The measuring: a process for each case, which takes its turn in every round and is idle while others have theirs.

`case` says what there is to measure, `scenarios` how the frames come; `worker` runs in a case's process, and `process` is that
process from outside; `rounds` lets the cases take turns, `answers` asks them about labelled pictures.
"""
