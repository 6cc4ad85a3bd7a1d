"""ServiceNow connector, module by module."""
