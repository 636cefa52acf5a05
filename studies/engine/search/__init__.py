"""Pure decisions: what comes next, what stops, what is chosen. No clock, no file, no Ray."""
