"""Results in, HTML out: matrices and the wire evidence behind them."""
