"""The stochastic engine: descent on one window after the other, in native code."""
