"""What a student likes: evidence, and the interest vector with its confidence."""
