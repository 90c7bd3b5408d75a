"""What every room uses: arrays, numbers, seeds, threads, progress, images, nearest rows."""
