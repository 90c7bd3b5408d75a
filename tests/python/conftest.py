import profiles  # noqa: F401 - loads what CI runs
