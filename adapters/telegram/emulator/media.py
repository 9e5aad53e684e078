"""Methods that send files."""
