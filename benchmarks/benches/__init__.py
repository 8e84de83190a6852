"""The other benches, a sub-command of `catdog-bench` each: what they measure is in their first lines, which are their help."""
