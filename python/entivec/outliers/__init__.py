"""Rows that do not fit in, by the error of an embedding, with reasons."""
