"""The sandbox: messengers emulated on localhost, with a page of phones to play customers and staff."""
