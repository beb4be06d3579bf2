"""AIPerf: streamed chats at a rate, with a session header; whole ones; it polls /metrics itself."""

import json
import os
import subprocess
import sys
import tempfile

REQUESTS = 12
aiperf = os.path.join(os.path.dirname(sys.executable), "aiperf")
url = os.environ["BASE_URL"].removesuffix("/v1")


def profile(*args):
    with tempfile.TemporaryDirectory() as folder:
        given = ["--model", "lantern", "--url", url, "--endpoint-type", "chat", "--ui", "none"]
        given += ["--tokenizer", os.environ["MODEL_FOLDER"], "--isl", "60", "--osl", "16"]
        given += ["--request-count", str(REQUESTS), "--artifact-dir", folder]
        given += ["--use-server-token-count", "--extra-inputs", "ignore_eos:true", *args]
        ran = subprocess.run([aiperf, "profile", *given], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        with open(os.path.join(folder, "profile_export_aiperf.json")) as file:
            return json.load(file)


streamed = profile("--streaming", "--request-rate", "8", "--session-header", "x-session-affinity")
whole = profile("--concurrency", "2")
for figures in (streamed, whole):
    assert figures["request_count"]["avg"] == REQUESTS, figures
    assert figures["output_sequence_length"]["avg"] == 16, figures
assert streamed["time_to_first_token"]["p50"] > 0 and streamed["inter_token_latency"]["avg"] > 0
