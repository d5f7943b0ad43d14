"""What a load run measured: histograms, the recorder of a worker, the operation log, and load.jsonl."""
