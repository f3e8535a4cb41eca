"""Students as rows: people and their names, enrolments, learner states and model versions."""
