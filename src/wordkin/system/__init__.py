"""The foundation: files, tensors, memory, cores, terminal, progress, errors, shared types."""
