"""What a decision reads and writes: its inputs, assignments, student activity, teacher overrides, policies."""
