"""Unit tests of the nmap connector."""
