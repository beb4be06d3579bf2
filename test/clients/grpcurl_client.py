"""grpcurl against a router's InferenceService: a stream, and an error with its details."""

import json
import os
import subprocess

program = os.environ["GRPCURL"]


def ask(request):
    proto = "signalbox/inference/v1/inference.proto"
    return subprocess.run(
        [program, "-plaintext", "-import-path", os.environ["PROTO"], "-proto", proto]
        + ["-d", json.dumps(request), os.environ["ROUTER_GRPC"]]
        + ["signalbox.inference.v1.InferenceService/Complete"],
        capture_output=True,
        text=True,
    )


sampling = {"max_tokens": 20, "ignore_eos": True, "temperature": 0}
ran = ask({"model": "lantern", "text": "Once", "sampling": sampling})
assert ran.returncode == 0, ran.stderr
assert '"completionTokens": 20' in ran.stdout and "FINISH_REASON_LENGTH" in ran.stdout, ran.stdout
wrong = ask({"model": "x", "text": "Once"})
assert wrong.returncode != 0 and "NotFound" in wrong.stderr, wrong.stderr
assert "google.rpc.ErrorInfo" in wrong.stderr, wrong.stderr
