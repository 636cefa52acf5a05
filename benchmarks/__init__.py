"""How fast training is, as ratios: against the loop the reports' authors wrote, and against the bare step.

python -m benchmarks.training        # both comparisons, a Markdown table
python -m benchmarks.augmentation    # microseconds an image
python -m benchmarks.profile MODEL   # where the time of a step goes
"""
