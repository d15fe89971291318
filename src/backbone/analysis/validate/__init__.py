"""Validation: folds, one judgement on test, and where the model is wrong."""
