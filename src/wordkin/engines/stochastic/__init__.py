"""The stochastic engine: gradient descent over windows of the text, in native code."""
