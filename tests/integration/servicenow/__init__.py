"""The ServiceNow target over HTTP against its simulator."""
