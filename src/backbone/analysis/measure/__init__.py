"""Measuring: metrics, levels and means, with intervals that know what is alike."""
