// What the services of a fleet count, read as an operator's scraper does.

import type { ChaosFleet } from "./fleet.ts";

/** Requests that have come to some workers since they started. */
export async function workerRequests(
  { serving }: ChaosFleet,
  counts: (worker: string) => boolean,
): Promise<number> {
  const asked = serving.workers.filter(({ name }) => counts(name));
  const texts = asked.map(({ ready }) => read(`http://${String(ready?.["http"])}/metrics`));
  const text = (await Promise.all(texts)).join("\n");
  const parts = ["requests_total", "running", "waiting"];
  return parts.reduce((sum, part) => sum + sumOf(text, `signalbox_worker_${part}`), 0);
}

/** Workers that the router's breakers keep new streams from. */
export async function heldOut(fleet: ChaosFleet): Promise<number> {
  return sumOf(await routerMetrics(fleet), "signalbox_router_workers_held_out");
}

/** Requests that wait to be let in. */
export async function queued(fleet: ChaosFleet): Promise<number> {
  return sumOf(await routerMetrics(fleet), "signalbox_router_queued");
}

/** Attempts that ended before their stream for other reasons than a full queue. */
export async function brokenAttempts(fleet: ChaosFleet): Promise<number> {
  const text = await routerMetrics(fleet);
  const full = 'signalbox_router_retries_total\\{cause="backpressure"[^}]*\\}';
  return sumOf(text, "signalbox_router_retries_total") - sumOf(text, full);
}

/** Ended requests that the usage journal has not written yet. */
export async function usageWaiting(fleet: ChaosFleet): Promise<number> {
  return sumOf(await routerMetrics(fleet), "signalbox_router_usage_waiting");
}

/** Requests that the usage journal knows of. */
export async function usedRequests(fleet: ChaosFleet): Promise<number> {
  const usage = JSON.parse(await read(`${fleet.serving.url}/usage`)) as {
    readonly requests: number;
  };
  return usage.requests;
}

/** Routers that are connected to NATS. */
export async function natsUp(fleet: ChaosFleet): Promise<number> {
  return sumOf(await routerMetrics(fleet), "signalbox_nats_up");
}

/** Of all routers, one after the other. */
async function routerMetrics({ urls }: ChaosFleet): Promise<string> {
  const texts = urls.map((url) => read(`${url.slice(0, -"/v1".length)}/metrics`));
  return (await Promise.all(texts)).join("\n");
}

async function read(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}: ${text}`);
  return text;
}

/** Over all labels; 0 for what has not been counted yet. */
function sumOf(text: string, name: string): number {
  const values = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gmu"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
