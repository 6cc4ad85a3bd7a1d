"""Jira Assets, part by part."""
