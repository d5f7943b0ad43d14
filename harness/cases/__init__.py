"""Cases as data: values, loading, placeholders and bodies. docs/case-format.md is the reader's page."""
