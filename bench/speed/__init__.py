"""What `bench/speed.py` measures, one file a subject."""
