// Refusals as a user can act on them.

import { Failure } from "#shared/base/errors.ts";
import type { ClientContext } from "./context.ts";

/** The same failure, with the address and the way out where the server gave none. */
export function explained(failure: Failure, context: ClientContext): Failure {
  if (failure.hint !== undefined) return failure;
  const where = `${context.server} (from ${context.source})`;
  const make = (message: string, hint: string): Failure =>
    new Failure(failure.code, message, { cause: failure, hint });
  switch (failure.code) {
    case "UNAVAILABLE":
    case "DEADLINE":
      return make(
        `the scheduler at ${where} does not answer: ${plain(failure.message)}`,
        "is it running? `signalbox status` looks, `signalbox up` starts a local one",
      );
    case "UNAUTHENTICATED":
      return make(
        `${context.server} does not accept the token: ${failure.message}`,
        context.token === null
          ? "give one with --token-file or SIGNALBOX_TOKEN_FILE"
          : "an admin makes a new one with `signalbox token create`",
      );
    case "FORBIDDEN":
      return make(failure.message, "`signalbox token list` shows what each token may do");
    default:
      return failure;
  }
}

/** grpc-js wraps the one thing worth knowing: `… Last error: Error: connect ECONNREFUSED …`. */
function plain(message: string): string {
  return message
    .replace(/^No connection established\. Last error: (?:Error: )?/u, "")
    .replace(/\.? ?Resolution note: ?$/u, "");
}
