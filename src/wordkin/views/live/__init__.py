"""The live page of a training run: what it records, samples and reports."""
