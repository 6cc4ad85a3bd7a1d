"""Notifications through apprise: mail, chat and pagers by URL (https://github.com/caronc/apprise/wiki, 1.13, read
2026-11-22).

A URL holds the secret of its service, so it is configured as a reference only and is in no message, log or error of
ours. apprise is imported when something is to be sent, not before.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from synchub.errors import ConfigError, Unavailable


class AppriseNotifier:
    """Sends to every configured place.

    Args:
        urls: Service URLs, secrets included.

    Raises:
        ConfigError: apprise knows no service for one of them; which one is told by its position.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        from apprise import Apprise

        # Its warnings hold parts of URLs and answers of services; what failed is told by our own error.
        log = logging.getLogger("apprise")
        log.propagate, log.handlers = False, [logging.NullHandler()]
        self._places = []
        for number, url in enumerate(urls, 1):
            place = Apprise()
            if not place.add(url):
                raise ConfigError(
                    f"the URL behind `to` number {number} names no service that is known.", where="notify",
                    fix="See https://github.com/caronc/apprise/wiki for the form of each service's URL.",
                )  # fmt: skip
            self._places.append(place)

    def __repr__(self) -> str:
        return f"AppriseNotifier({len(self._places)} places)"

    def notify(self, title: str, text: str) -> None:
        """See `synchub.ports.Notifier.notify`; a place that failed does not keep the others from being told."""
        failed = [str(n) for n, place in enumerate(self._places, 1) if not place.notify(body=text, title=title)]
        if len(failed) == len(self._places):
            raise Unavailable(
                f"no notification was accepted by {'any of them' if len(failed) > 1 else 'the service'}.",
                where="notify", fix="Check the URL behind notify.to and that the service can be reached.",
            )  # fmt: skip
