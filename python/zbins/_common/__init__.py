"""What every room uses: arrays, labels, seeds, threads, progress, images, nearest rows, ranks."""
