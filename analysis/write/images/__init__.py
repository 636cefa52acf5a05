"""What predictions say: as tables, as a part of the page, and in words."""
