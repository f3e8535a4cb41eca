"""How the tables came about, one file a step; a step that has landed is never edited."""
