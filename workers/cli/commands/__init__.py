"""The commands of `souschef`; importing this package loads none of them."""
