"""What `benchmarks/classify.py` is made of: the sets, the baseline, the trained figures and the speed."""
