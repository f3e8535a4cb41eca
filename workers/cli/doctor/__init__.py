"""What `souschef doctor` checks, and the remedy for each finding."""
