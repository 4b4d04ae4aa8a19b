"""Embeddings of tokens: items by the baskets and histories they stand in, and whose those are."""
