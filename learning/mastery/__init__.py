"""What a student can do: a hierarchical logistic filter, its shared parameters, and the beliefs read from it."""
