"""Numbers in, numbers out: intervals, contrasts, claims. Nothing here writes a table or draws."""
