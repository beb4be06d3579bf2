// How an attempt's end is counted, and what a reader is told when there will be no other.

import { Failure } from "#shared/base/errors.ts";
import type { AttemptFault } from "../core/stream.ts";
import type { AttemptOutcome, Placed } from "./placement.ts";

export function outcomeOf(fault: AttemptFault): AttemptOutcome {
  switch (fault.kind) {
    case "request_fault":
    case "backpressure":
    case "handed_back":
      return fault.kind;
    default:
      return "worker_fault";
  }
}

export function refusalOf(
  model: string,
  refused: Placed & { readonly kind: "refused" },
  started: boolean,
): Failure {
  const { reason, retryAfterMs } = refused;
  switch (reason) {
    case "unknown":
      return new Failure("NOT_FOUND", `no worker serves a model ${JSON.stringify(model)}`);
    case "quota":
      return new Failure("FULL", "the limit of this key is reached", { retryAfterMs });
    case "saturated":
      return new Failure("FULL", `every worker of ${model} is busy`, { retryAfterMs });
    case "none": {
      const who = started ? "that can go on with it exactly" : "";
      const said = `no worker of ${model} ${who}`.trimEnd();
      return new Failure("UNAVAILABLE", `${said} is there`, { retryAfterMs });
    }
  }
}

/** Too much of the traffic is retries already. */
export function spentFailure(fault: AttemptFault): Failure {
  const retryAfterMs = 1_000;
  if (fault.kind === "backpressure") {
    return new Failure("FULL", "the workers' queues are full", { retryAfterMs });
  }
  const why = "why" in fault ? fault.why : "it was handed back";
  const said = `workers fail, and too many requests are being sent again; the last: ${why}`;
  return new Failure("UNAVAILABLE", said, { retryAfterMs });
}
