"""The data management backbone, a folder a zone."""
