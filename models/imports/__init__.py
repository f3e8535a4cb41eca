"""Loading a school's files into the database as differences: people, curriculum, links, and the report."""
