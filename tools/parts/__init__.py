"""What the commands in `tools/` are made of: nothing here is run by itself."""
