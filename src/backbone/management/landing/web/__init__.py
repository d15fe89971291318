"""Addresses over HTTP: asked, paged, downloaded, and what is remembered of them."""
