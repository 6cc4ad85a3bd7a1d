"""What the demo says, line by line, with a sign of life while something takes long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

_QUIET = 3.0  # seconds without a line before a sign of life


class Say:
    """Prints lines, and a sign of life while something takes long: never silent for five seconds."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._busy = ""
        self._begun = self._last = time.monotonic()
        threading.Thread(target=self._alive, daemon=True, name="demo heartbeat").start()

    def __call__(self, line: str = "") -> None:
        """Print a line at once."""
        with self._lock:
            print(line, file=self._out, flush=True)
            self._last = time.monotonic()

    @contextlib.contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Name what takes long."""
        self(f"... {what}")
        self._busy = what
        self._begun = begun = time.monotonic()
        try:
            yield
        finally:
            self._busy = ""
            self(f"    done in {time.monotonic() - begun:.1f} s")

    def _alive(self) -> None:
        while True:
            time.sleep(0.25)
            now = time.monotonic()
            if self._busy and now - self._last > _QUIET:
                self(f"    {now - self._begun:.0f} s: still {self._busy}")
