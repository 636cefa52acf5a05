"""From the trials in MLflow to a table that can be defended: reads MLflow alone, imports neither torch nor ray."""
