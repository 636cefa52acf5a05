"""How people reach the analysis: the options of its command lines, and the object for notebooks and scripts."""
