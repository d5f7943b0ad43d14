"""Load profiles as data: what is stored, who moves it and how, each number with where it comes from."""
