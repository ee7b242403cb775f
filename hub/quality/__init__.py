"""Two gates: each row by itself (`rows`), then all rows of a run together (`gate`), with a report of our own.

Importing this room imports neither Great Expectations nor pandas; only `gate.check_batch` does, when it has rows.
"""
