"""Estimators that embed the rows of a table."""
