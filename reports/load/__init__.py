"""Load runs and comparisons as pages: values in, one self-contained HTML file out."""
