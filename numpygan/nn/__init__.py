"""The MLP library: layers, their hand-written backward passes, and the tape they write to."""
