"""What labs and exercises compute, without any widget."""
