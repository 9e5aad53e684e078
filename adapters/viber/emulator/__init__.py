"""Viber emulated in memory."""
