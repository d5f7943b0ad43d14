"""The Blob wire protocol as pure modules: the documented tables and the rules over them, no I/O."""
