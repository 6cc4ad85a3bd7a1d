"""The same promises against real systems that a developer started; each test skips where its system is not there."""
