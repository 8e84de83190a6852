"""The report of a run: a page, the same as data, and its figures. `write.write_report` makes all of it."""
