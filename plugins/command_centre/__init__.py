"""The command centre: what came in, what went where, what waits, and why.

It reads. What people do about the quarantine is the one exception: forms behind Airflow's own permission keep it, and
the DAG `replay` does the work.
"""

PREFIX = "/command-centre"
