"""Everything on one machine: the supervisor, its processes, secret files, embedded servers."""
