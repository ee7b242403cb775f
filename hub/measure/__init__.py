"""Numbers about talk: what is unusual, who is heard, how much of it is ours."""
