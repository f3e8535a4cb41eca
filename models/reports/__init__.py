"""What people read: status, classes, explanations, catalogue diagnosis, and the page of the contract."""
