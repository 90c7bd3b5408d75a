"""From one machine to many: Dask, and the processes of torch.distributed."""
