"""GuideLLM: chats at a constant rate, and what it counts of them."""

import json
import os
import subprocess
import sys
import tempfile

REQUESTS = 12
guidellm = os.path.join(os.path.dirname(sys.executable), "guidellm")
url = os.environ["BASE_URL"].removesuffix("/v1")

with tempfile.TemporaryDirectory() as folder:
    report = os.path.join(folder, "report.json")
    ran = subprocess.run(
        [guidellm, "run", "--disable-progress"]
        + ["--backend", f"kind=openai_http,target={url},model=lantern"]
        + ["--profile", "kind=constant,rate=4"]
        + ["--constraint", f"kind=max_requests,count={REQUESTS}"]
        + ["--tokenizer", f"kind=huggingface_auto,model={os.environ['MODEL_FOLDER']}"]
        + ["--data", "kind=synthetic_text,prompt_tokens=60,output_tokens=16"]
        + ["--output", f"kind=json,path={report}"],
        # Its tokenizer lies in a folder: nothing is to be looked for elsewhere.
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with open(report) as file:
        [benchmark] = json.load(file)["benchmarks"]
    totals = benchmark["metrics"]["request_totals"]
    assert totals["successful"] == REQUESTS and totals["errored"] == 0, totals
