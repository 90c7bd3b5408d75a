"""What all tests share: one thread for PyTorch, also in the processes that tests start.

pytest runs as many workers as there are cores; with as many threads in each, small networks train
many times slower, since the threads wait for each other.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
