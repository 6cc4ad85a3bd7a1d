"""Simulated vendor systems over real HTTP on loopback, written from the vendors' documents; import nothing of ours."""
