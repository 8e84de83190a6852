"""Trainings on the machines of a Ray cluster: the folds of a cross-validation, and the features of a frozen backbone."""
