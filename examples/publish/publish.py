"""Publishes, however often it has to ask, and each message once.

python3 examples/publish/publish.py chat:lobby '{"text":"hi from Python"}' order-18
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("WEIR_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("WEIR_API_KEY", "dev-key")
AGAIN = {429, 503, 504}
AGAIN_CODES = {"too_many_requests", "unavailable", "aborted", "not_durable", "timeout"}
PATIENCE = 60  # seconds; message ids are known for 120
ATTEMPT = 10


class Undecided(Exception):
    def __init__(self, message, retry_after=0.0):
        super().__init__(message)
        self.retry_after = retry_after


def ask(path, body):
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=ATTEMPT) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        answer = error.read().decode()
        if error.code in AGAIN:
            raise Undecided(answer, float(error.headers.get("retry-after", 0))) from error
        raise ValueError(answer) from error
    except (OSError, http.client.HTTPException) as error:  # no answer decides nothing
        raise Undecided(str(error)) from error


def until_decided(attempt):
    end = time.monotonic() + PATIENCE
    tries = 0
    while True:
        try:
            return attempt()
        except Undecided as error:
            wait = error.retry_after + random.uniform(0, min(10, 0.2 * 2**tries))
            if time.monotonic() + wait > end:
                raise
            time.sleep(wait)
            tries += 1


def publish(channel, data, message_id=None):
    """The id is made once, before the first attempt. Yours may be the number of an order."""
    body = {"channel": channel, "data": data, "messageId": message_id or uuid.uuid4().hex}
    return until_decided(lambda: ask("/v1/publish", body))


def publish_batch(publications):
    """At most 256, of any channels. Each is decided for itself: an error, or where it is."""
    waiting = [(place, {"messageId": uuid.uuid4().hex, **it}) for place, it in enumerate(publications)]
    results = {}

    def attempt():
        nonlocal waiting
        answer = ask("/v1/publish/batch", {"publications": [it for _, it in waiting]})
        results.update({place: result for (place, _), result in zip(waiting, answer["results"])})
        errors = {place: results[place].get("error", {}) for place, _ in waiting}
        waiting = [(place, it) for place, it in waiting if errors[place].get("code") in AGAIN_CODES]
        if waiting:
            retry_after = max(errors[place]["retryAfterMs"] for place, _ in waiting) / 1000
            raise Undecided(f"{len(waiting)} are undecided", retry_after)

    try:
        until_decided(attempt)
    except Undecided:
        if len(results) < len(publications):
            raise
    return [results[place] for place in range(len(publications))]


if __name__ == "__main__":
    channel, data, *message_id = sys.argv[1:]
    print(json.dumps(publish(channel, json.loads(data), *message_id)))
