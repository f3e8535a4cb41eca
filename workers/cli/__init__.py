"""The command line `souschef`: its commands, what they print, the doctor and the demo."""
