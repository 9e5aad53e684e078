"""Methods about chats."""
