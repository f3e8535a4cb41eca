"""Questionnaires: their documents, questions, scoring, and which questions may not be asked."""
