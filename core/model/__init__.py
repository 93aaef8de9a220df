"""The model room: fine-tunes a text classifier on labelled rows and measures it beside baselines that cost nothing."""

import os

# Set before torch loads its OpenMP runtime, which reads it once. By default idle threads spin while they wait for the
# others; beside a second busy process that made a training step cost 4 times the processor time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
