"""What benchmarks/pull.py is made of: a network that answers fast, and those who read it."""
