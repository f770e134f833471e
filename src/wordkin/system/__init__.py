"""Files, tensors, memory, cores, terminal, progress, errors: everything that knows no words."""
