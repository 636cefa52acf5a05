"""What the person at the terminal types and sees: command line, live table, time left, exit codes."""
