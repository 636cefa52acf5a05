"""From the record of what was trained to a pandas frame: the study as it was run, its trials, their histories."""
