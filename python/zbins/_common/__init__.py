"""What every room uses: numbers, seeds, threads, progress, tensors of the host."""
