"""Methods that copy and forward messages."""
