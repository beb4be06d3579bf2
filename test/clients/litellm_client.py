"""LiteLLM, as a gateway in front of us would call it."""

import os

import litellm

litellm.telemetry = False
asked = dict(
    model="openai/lantern",
    api_base=os.environ["BASE_URL"],
    api_key="none",
    messages=[{"role": "user", "content": "Tell me a story."}],
    max_tokens=30,
    seed=3,
)
whole = litellm.completion(**asked).choices[0].message.content
streamed = "".join(
    chunk.choices[0].delta.content or "" for chunk in litellm.completion(stream=True, **asked)
)
assert whole and streamed == whole, (whole, streamed)
