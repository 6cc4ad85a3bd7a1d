"""Whole syncs of a small estate into a Request Tracker."""
