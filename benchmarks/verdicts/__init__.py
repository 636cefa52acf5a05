"""How often a page says what is not so, and what it costs to say what is."""
