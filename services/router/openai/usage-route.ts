// GET /v1/usage: what a namespace's requests came to.

import { HOUR_MS, type UsageCell } from "../usage/usage-sums.ts";
import { answerJson, type ApiCall } from "./api-call.ts";
import { ApiError, badField } from "./api-error.ts";

/** The end of what a date can be, in milliseconds. */
const TIME_MAX = 8.64e15;

export async function answerUsage(call: ApiCall): Promise<void> {
  const { usage } = call.services;
  if (usage === null) {
    throw new ApiError(404, "This router keeps no usage.", { code: "usage_not_kept" });
  }
  const query = new URL(call.request.url ?? "/", "http://router").searchParams;
  const namespace = query.get("namespace") ?? call.grant.namespace;
  if (call.grant.key !== null && namespace !== call.grant.namespace) {
    throw new ApiError(403, "The key is another namespace's.", { code: "forbidden" });
  }
  const fromMs = Math.floor(timeOf(query, "from", 0) / HOUR_MS) * HOUR_MS;
  const toMs = Math.ceil(timeOf(query, "to", TIME_MAX) / HOUR_MS) * HOUR_MS;
  const cells = await usage.sums({ namespace, fromMs, toMs });
  const total = (field: (cell: UsageCell) => number): number =>
    cells.reduce((sum, cell) => sum + field(cell), 0);
  answerJson(call.response, 200, {
    object: "usage",
    namespace,
    from: fromMs / 1000,
    to: toMs >= TIME_MAX ? null : toMs / 1000,
    requests: total((cell) => cell.requests),
    failed: total((cell) => cell.failed),
    prompt_tokens: total((cell) => cell.prompt_tokens),
    cached_tokens: total((cell) => cell.cached_tokens),
    completion_tokens: total((cell) => cell.completion_tokens),
    worker_seconds: total((cell) => cell.worker_seconds),
    data: cells,
  });
}

/** Seconds since 1970 or an ISO date, as milliseconds. */
function timeOf(query: URLSearchParams, name: string, otherwise: number): number {
  const value = query.get(name);
  if (value === null || value === "") return otherwise;
  const ms = /^\d{1,12}$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (Number.isFinite(ms)) return ms;
  throw badField(name, "must be seconds since 1970 or an ISO date");
}
