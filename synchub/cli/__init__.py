"""The command line. Commands are imported by name when they are used, so that `--help` costs nothing."""
