"""Simulated vendor systems over real HTTP on loopback, written from the vendors' documents. They import nothing of the hub."""
