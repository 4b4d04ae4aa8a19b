"""What `bench/offers.py` measures."""
