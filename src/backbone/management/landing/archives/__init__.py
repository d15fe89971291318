"""Archives: what is packed is unpacked on its way into a delivery."""
