"""Ids or counts in, two matrices out: the engines, which know no words."""
