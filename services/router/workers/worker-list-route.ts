// `GET /workers` beside `/metrics`, and as open as that is.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "#shared/base/clock.ts";
import type { Fleet } from "../core/fleet-state.ts";
import { workerRows } from "../core/worker-list.ts";

/** False for other paths. */
export function workerListRoute(
  fleet: Fleet,
  clock: Clock,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return ({ method, url }, response) => {
    if (method !== "GET" && method !== "HEAD") return false;
    if ((url ?? "").split("?", 1)[0] !== "/workers") return false;
    const body = `${JSON.stringify({ workers: workerRows(fleet, clock.monotonicMs()) })}\n`;
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
    return true;
  };
}
