"""What data protection asks for: data map, access log, export, erasure, retention, the interest switch."""
