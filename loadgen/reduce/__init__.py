"""How far data can be reduced: duplicate chunks, compression, both together, with an interval."""
