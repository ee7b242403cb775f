"""A large store of invented posts: what was said where and when, by whom, and what became of it."""
