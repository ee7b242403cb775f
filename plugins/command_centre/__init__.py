"""The command centre: what came in, what went where, what waits, and why.

It reads, with two exceptions, both forms behind Airflow's own permissions: what people do about the quarantine, for
which the DAG `replay` does the work, and what they say that a post really is.
"""

PREFIX = "/command-centre"
