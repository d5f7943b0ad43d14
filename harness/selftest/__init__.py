"""How good the suite is: it is run over the façade's deliberately wrong variants, and must notice each."""
