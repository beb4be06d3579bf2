"""The official Python client: streamed, whole, completions, errors, usage, a session, metrics."""

import os
import re
from urllib.request import urlopen

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

# A session's requests go to one worker while that one is well, whose cache then has their beginning.
turns = [{"role": "user", "content": [{"type": "text", "text": "The sea is dark. " * 24}]}]
cached = []
while max(cached, default=0) < 32 and len(cached) < 8:
    answer = client.chat.completions.create(
        model="lantern",
        messages=turns,
        max_completion_tokens=2,
        extra_headers={"x-session-affinity": "ada-1"},
    )
    cached.append(answer.usage.prompt_tokens_details.cached_tokens)
assert cached[0] == 0 and cached[-1] >= 32, cached


def metric(url, name):
    """The sum of its series; a page without it fails."""
    with urlopen(f"{url}/metrics") as page:
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page.read().decode(), re.MULTILINE)
    assert found, f"{url} has no {name}"
    return sum(map(float, found))


router = os.environ["BASE_URL"].removesuffix("/v1")
workers = [f"http://{address}" for address in os.environ["WORKERS_HTTP"].split()]
# The last of them is counted when its last byte has left, which may be after it came here.
answered = metric(router, "signalbox_router_request_duration_seconds_count")
assert answered >= 2 + len(cached), (answered, cached)
drawn = sum(metric(worker, "vllm:generation_tokens_total") for worker in workers)
assert drawn >= 2 * whole.usage.completion_tokens, drawn
for name in ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"):
    assert all(metric(worker, f"vllm:{name}") >= 0 for worker in workers)
