"""Methods that change or delete messages."""
