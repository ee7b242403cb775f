"""What `push.py` is made of."""
