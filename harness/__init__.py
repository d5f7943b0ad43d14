"""Everything that sends, judges and records: endpoints, wire, signing, cases, clients, results."""
