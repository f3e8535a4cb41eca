"""Who may use Souschef: schools, the sources that send events, and the database roles of their LMSs."""
