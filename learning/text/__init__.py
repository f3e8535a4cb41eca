"""Short free text onto topics: clauses, sentiment, spelling, vocabulary, and readability."""
