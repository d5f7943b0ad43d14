"""The programs of other people: where they are, and how to install them into a folder of our own."""
