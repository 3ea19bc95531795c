"""A token for a client, good for ten minutes: WEIR_SECRET=… python3 examples/token/token.py ann"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token_for(user, secret):
    now = int(time.time())
    claims = {
        "iss": "https://login.example.com",
        "aud": "weir",
        "sub": user,
        "iat": now,
        "exp": now + 600,
        "capabilities": {"chat:*": ["subscribe", "publish", "history", "presence", "signal"]},
    }
    parts = [{"alg": "HS256", "kid": "2026-11"}, claims]
    text = b".".join(encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return (text + b"." + encode(signature)).decode()


print(token_for(sys.argv[1], os.environ["WEIR_SECRET"]))
