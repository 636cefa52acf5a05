"""MLflow and Optuna's journal, told what happens, by their public clients alone. Nobody here reads them back."""
