"""One module for each subcommand; each exports `command`."""
