"""One function per operation of the Blob service, and the table that leads a request to it."""
