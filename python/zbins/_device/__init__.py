"""The CUDA twin, as the estimator sees it: frameworks, places, rows and draws on a device."""
