"""The same over gRPC: needs grpcio, and the code that docs/recipes.md says how to make.

python3 examples/publish/publish_grpc.py chat:lobby '{"text":"hi over gRPC"}' order-21
"""

import json
import os
import random
import sys
import time
import uuid

import grpc
from weir.api.v1 import publish_pb2, publish_pb2_grpc

API = os.environ.get("WEIR_API", "127.0.0.1:9090")
KEY = os.environ.get("WEIR_API_KEY", "dev-key")
AGAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
PATIENCE = 60  # seconds; message ids are known for 120
ATTEMPT = 10

# One channel for the whole process. What is set here is for a router that dies: gRPC would notice
# late, and then wait up to two minutes before it looks for it again.
CHANNEL = grpc.insecure_channel(
    API,
    options=[
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.max_reconnect_backoff_ms", 1_000),
    ],
)
SERVICE = publish_pb2_grpc.PublishServiceStub(CHANNEL)


def publish(channel, data, message_id=None):
    request = publish_pb2.PublishRequest(
        channel=channel,
        data=json.dumps(data).encode(),
        message_id=message_id or uuid.uuid4().hex,
    )
    metadata = [("authorization", f"Bearer {KEY}")]
    end = time.monotonic() + PATIENCE
    tries = 0
    while True:
        try:
            return SERVICE.Publish(request, timeout=ATTEMPT, metadata=metadata)
        except grpc.RpcError as error:
            trailing = dict(error.trailing_metadata() or [])
            wait = int(trailing.get("weir-retry-after-ms", 0)) / 1000
            wait += random.uniform(0, min(10, 0.2 * 2**tries))
            if error.code() not in AGAIN or time.monotonic() + wait > end:
                raise
            time.sleep(wait)
            tries += 1


if __name__ == "__main__":
    channel, data, *message_id = sys.argv[1:]
    print(publish(channel, json.loads(data), *message_id))
