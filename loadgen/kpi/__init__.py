"""KPIs: what people decide by, computed from a load run and from what its user says of cost and failures."""
