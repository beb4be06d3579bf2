// A record of an ended request, as tests want it.

import type { UsageRecord } from "./usage-sums.ts";

export function recordOf(change: Partial<UsageRecord>): UsageRecord {
  return {
    ...{ id: "req-1", namespace: "lab", key: "ada", model: "lantern", route: "/v1/completions" },
    ...{ status: 200, finish: "stop", prompt_tokens: 3, cached_tokens: 1, completion_tokens: 5 },
    ...{ worker_seconds: 0.25, started_ms: 1_000, ended_ms: 2_000, ...change },
  };
}
