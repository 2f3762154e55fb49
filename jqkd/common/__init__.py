"""What every layer may use: one way to write a file, to read one, to hold a lock."""
