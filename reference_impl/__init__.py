"""The reference façade: a small, exact Azure Blob endpoint over a POSIX tree."""
