"""PostgreSQL and Valkey from wheels, started and stopped as private servers."""
