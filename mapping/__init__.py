"""From payloads to canonical records, and from entities to target fields: pure, driven by YAML."""
