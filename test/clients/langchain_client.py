"""LangChain's ChatOpenAI with a base URL."""

import os

from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="lantern", base_url=os.environ["BASE_URL"], api_key="none", max_tokens=30, seed=3
)
whole = model.invoke("Tell me a story.")
streamed = "".join(piece.content for piece in model.stream("Tell me a story."))
assert whole.content and streamed == whole.content, (whole.content, streamed)
assert whole.usage_metadata["output_tokens"] > 0
