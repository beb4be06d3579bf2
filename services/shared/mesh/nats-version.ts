// Which nats-server may hold a log. Below the floor, servers are known to commit entries that Raft
// must not, or to lose their place after a leader change (docs/protocols/log.md has the list).

import { Failure } from "#shared/base/errors.ts";

/** Refused below this, always. */
export const NATS_VERSION_MIN = "2.12.12";
/** Refused below this in production. */
export const NATS_VERSION_PRODUCTION_MIN = "2.14.3";

/** Negative when `a` is older than `b`. A pre-release counts as its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let at = 0; at < 3; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Throws Failure UNSAFE for a server that may not hold a log. `where` names it. */
export function assertNatsVersion(version: string, production: boolean, where: string): void {
  const floor = production ? NATS_VERSION_PRODUCTION_MIN : NATS_VERSION_MIN;
  if (compareVersions(version, floor) >= 0) return;
  throw new Failure(
    "UNSAFE",
    `${where} is nats-server ${version}; ` +
      `${production ? "production needs" : "needed is"} ${floor} or newer`,
    {
      hint: `Upgrade nats-server to ${NATS_VERSION_PRODUCTION_MIN} or newer (2.15 is recommended).`,
    },
  );
}

function parts(version: string): number[] {
  return (
    version
      .replace(/^v/, "")
      .split("-", 1)[0]
      ?.split(".")
      .map((part) => Number.parseInt(part, 10) || 0) ?? []
  );
}
