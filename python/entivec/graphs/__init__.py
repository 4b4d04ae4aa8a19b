"""Embeddings of the nodes of a graph."""
