"""The official Python client: streamed, whole, completions, errors, usage."""

import os

from openai import NotFoundError, OpenAI

client = OpenAI(base_url=os.environ["BASE_URL"], api_key="none", max_retries=0)
messages = [{"role": "user", "content": [{"type": "text", "text": "Tell me a story."}]}]
asked = dict(model="lantern", messages=messages, max_completion_tokens=40, seed=3, temperature=0.7)

whole = client.chat.completions.create(**asked)
text = whole.choices[0].message.content
assert text and whole.usage.completion_tokens <= 40

pieces, ids, usage = [], set(), None
for chunk in client.chat.completions.create(
    stream=True, stream_options={"include_usage": True}, **asked
):
    ids.add(chunk.id)
    usage = chunk.usage or usage
    pieces += [choice.delta.content or "" for choice in chunk.choices]
assert "".join(pieces) == text, "streamed and whole differ"
assert len(ids) == 1 and usage.completion_tokens == whole.usage.completion_tokens

completion = client.completions.create(model="lantern", prompt="One day", max_tokens=5, n=2)
assert len(completion.choices) == 2
assert [model.id for model in client.models.list()] == ["lantern"]
try:
    client.chat.completions.create(model="nobody", messages=messages)
    raise AssertionError("a model that nobody serves was served")
except NotFoundError as error:
    assert error.code == "model_not_found"
