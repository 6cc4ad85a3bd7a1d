"""Notifications through apprise: mail, chat and pagers by URL.

A URL holds the secret of its service, so it is configured as a reference only and is in no message, log or error of
ours. apprise is imported when something is to be sent, not before.

Source: https://github.com/caronc/apprise/wiki (1.13, read 2026-11-22).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence

from synchub.errors import ConfigError, Unavailable


class AppriseNotifier:
    """Sends to every configured place.

    Args:
        urls: Service URLs, secrets included.

    Raises:
        ConfigError: apprise knows no service for one of them; which one is told by its position.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # some of its 130 services use what Python will drop
            from apprise import Apprise

        # Its warnings hold parts of URLs and answers of services; what failed is told by our own error.
        log = logging.getLogger("apprise")
        log.propagate, log.handlers = False, [logging.NullHandler()]
        self._places = []
        for number, url in enumerate(urls, 1):
            place = Apprise()
            if not _quietly(place.add, url):
                raise ConfigError(
                    f"the URL behind `to` number {number} names no service that is known.", where="notify",
                    fix="See https://github.com/caronc/apprise/wiki for the form of each service's URL.",
                )  # fmt: skip
            self._places.append(place)

    def __repr__(self) -> str:
        return f"AppriseNotifier({len(self._places)} places)"

    def notify(self, title: str, text: str) -> None:
        """See `synchub.ports.Notifier.notify`; a place that failed does not keep the others from being told."""
        # Each of them, whatever became of the one before.
        told = [_quietly(place.notify, body=text, title=title) for place in self._places]
        if not any(told):
            raise Unavailable(
                "no configured service accepted the notification.", where="notify",
                fix="Check the URLs behind notify.to and that the services can be reached.",
            )  # fmt: skip


def _quietly(call: Callable[..., object], *args: object, **kwargs: object) -> bool:
    """Call into one of many services; whatever it raises means no, and may hold its URL, so that it is not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return bool(call(*args, **kwargs))
    except Exception:  # noqa: BLE001 - see above
        return False
