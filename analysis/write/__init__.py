"""From results to sentences and tables: Markdown, LaTeX, CSV, HTML and the terminal."""
