"""Bytes to send whose compress ratio and duplicate ratio are known: recipes, generator, verification."""
