"""How good the detectors are on data with known answers."""
