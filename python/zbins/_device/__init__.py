"""Where rows and counts are: the host and CUDA devices, behind one protocol (`backend`)."""
