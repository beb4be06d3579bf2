"""Simon Willison's `llm`, configured by its extra-openai-models.yaml."""

import os
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "extra-openai-models.yaml"), "w") as file:
        file.write(
            f"- model_id: lantern\n  model_name: lantern\n  api_base: {os.environ['BASE_URL']}\n"
        )
    ran = subprocess.run(
        [sys.executable, "-m", "llm", "-m", "lantern", "-o", "max_tokens", "30", "Tell me a story."],
        env={**os.environ, "LLM_USER_PATH": folder, "OPENAI_API_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0 and ran.stdout.strip(), ran.stderr
