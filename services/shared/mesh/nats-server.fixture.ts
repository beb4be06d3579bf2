// For tests: the nats-server of this machine, where there is one.

import { Failure } from "#shared/base/errors.ts";
import { findNatsServer, type NatsBinary } from "./nats-server.ts";

/** Null where there is none; whatever else is wrong is thrown, and not taken for that. */
export function natsServerHere(): NatsBinary | null {
  try {
    return findNatsServer();
  } catch (reason) {
    if (Failure.from(reason).code === "NOT_FOUND") return null;
    throw reason;
  }
}
