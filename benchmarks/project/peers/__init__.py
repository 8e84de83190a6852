"""catdog-edge beside what people would otherwise use: `catdog-bench peers`. Needs the extras bench and export.

The same photographs and the same model through small scripts that know nothing of catdog, each in an environment of its own.
One way through: registry -> venvs, models, pictures -> sides (commands) -> rounds -> results -> report.
"""
