"""The command centre: what came in, what went where, what waits, and why. It reads; only the DAGs write."""

PREFIX = "/command-centre"
