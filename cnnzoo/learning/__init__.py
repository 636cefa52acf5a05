"""Training as something to iterate over: images changed, steps taken, epochs scored."""
