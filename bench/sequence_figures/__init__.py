"""Figures of bench/sequences.py."""
