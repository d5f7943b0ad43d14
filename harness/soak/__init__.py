"""The soak: hours of writes, reads, faults and kills, and a ledger of every promise that was made."""
