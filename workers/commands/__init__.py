"""The commands of `souschef`, one a file; importing this package loads none of them."""
