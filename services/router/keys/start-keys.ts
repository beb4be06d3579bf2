// Where a router's keys come from: a file, the control plane, or both.

import { join } from "node:path";
import { KeysService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import { parseKeyEntry, type KeyEntry } from "#shared/base/api-key.ts";
import { Failure } from "#shared/base/errors.ts";
import type { RouterConfig } from "#shared/config/load-config.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import type { Health } from "#shared/lifecycle/health.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { clientOf, type GrpcChannel } from "#shared/mesh/grpc-client.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { ControlKeys, type SyncedKeys } from "./control-keys.ts";
import { FileKeys } from "./file-keys.ts";
import { KEY_SOURCES, KeyRing } from "./key-ring.ts";
import { KeySnapshot } from "./key-snapshot.ts";

export interface KeyParts {
  readonly metrics: Metrics;
  readonly health: Health;
  readonly logger: Logger;
}

/** A revoke must not wait for a control plane that hangs, once it is there again. */
const ANSWER_MS = 3_000;

/** Null: everybody may do everything. */
export async function startKeys(
  life: Lifecycle,
  config: RouterConfig,
  controlPlane: GrpcChannel | null,
  parts: KeyParts,
): Promise<KeyRing | null> {
  const { keysFile: file, schedulerKeys, state } = config;
  if (file === null && !schedulerKeys) return null;
  const ring = new KeyRing(systemClock);
  const { metrics, logger } = parts;
  if (file !== null) {
    await life.start(
      "keys file",
      () => new FileKeys({ file, ring, timers: systemTimers, logger }),
      (part) => part.close(),
    );
  }
  if (schedulerKeys && controlPlane !== null && state !== null) {
    await startControlKeys(life, ring, controlPlane, join(state, "keys"), parts);
  }
  metrics.onScrape(() => {
    for (const source of KEY_SOURCES) {
      const size = ring.sizeOf(source);
      if (size !== null) metrics.gauge("signalbox_router_keys", { source }).set(size);
    }
  });
  return ring;
}

async function startControlKeys(
  life: Lifecycle,
  ring: KeyRing,
  controlPlane: GrpcChannel,
  path: string,
  { metrics, health, logger }: KeyParts,
): Promise<void> {
  const { syncKeys } = clientOf(KeysService, controlPlane);
  const snapshot = await life.start(
    "key snapshot",
    () => new KeySnapshot(path),
    (part) => part.close(),
  );
  const keys = await life.start(
    "keys of the control plane",
    () =>
      new ControlKeys({
        ...{ ring, snapshot, clock: systemClock, timers: systemTimers, random: systemRandom },
        sync: async (version) => parseSync(await syncKeys({ version }, { deadlineMs: ANSWER_MS })),
        logger,
      }),
    (part) => part.stop(),
  );
  metrics.onScrape(() => {
    const { ageMs } = keys;
    metrics.gauge("signalbox_router_keys_age_seconds", {}).set(ageMs === null ? -1 : ageMs / 1_000);
  });
  // Old keys are no reason to send clients elsewhere: there they are as old.
  health.add("ready", "keys", () =>
    keys.ageMs === null ? "the control plane was not reached yet, and there is no snapshot" : null,
  );
}

/** CORRUPT for keys that are none: all of an answer counts, or nothing of it. */
export function parseSync(wire: signalbox.control.v1.ISyncKeysResponse): SyncedKeys {
  if (wire.unchanged === true) return { kind: "unchanged" };
  return { kind: "keys", version: wire.version ?? "", keys: (wire.keys ?? []).map(entryOf) };
}

function entryOf(wire: signalbox.control.v1.IKey): KeyEntry {
  const { name, sha256, namespace, models, priority, priorityMax } = wire;
  const fields = {
    ...{ name, sha256, namespace, priority, priority_max: priorityMax },
    models: models == null || models.length === 0 ? "all" : models,
    requests_per_minute: wire.requestsPerMinute || undefined,
    tokens_per_minute: wire.tokensPerMinute || undefined,
    concurrent: wire.concurrent || undefined,
  };
  return parseKeyEntry(fields, (field, why) => {
    return new Failure("CORRUPT", `the control plane's key ${name}: ${field} ${why}`);
  });
}
