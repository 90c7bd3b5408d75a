"""From one machine to many: Dask."""
