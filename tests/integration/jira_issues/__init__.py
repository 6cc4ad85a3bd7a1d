"""Jira issues with the hub around them."""
