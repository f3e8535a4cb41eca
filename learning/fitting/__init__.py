"""Fit the learner model to a response log, evaluate it, and compare groups."""
