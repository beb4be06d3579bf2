// Moves an embedded log into JetStream without losing an event: that of the mesh on this machine,
// or any other by its folder. Nothing is deleted; the embedded log stays where it was.

import { hostname } from "node:os";
import { readFileSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { openJetStreamLog } from "#shared/state/jetstream-log.ts";
import { migrateLog, type MigrationResult } from "#shared/state/migrate.ts";
import { portAgain } from "./free-port.ts";
import { meshLayout } from "./mesh-layout.ts";
import {
  liveService,
  readMeshRecord,
  withMeshLock,
  withService,
  writeMeshRecord,
} from "./mesh-record.ts";
import { startNats } from "./start-nats.ts";
import { stopService } from "./stop-service.ts";

export interface LogSource {
  /** The embedded log's folder. */
  readonly path: string;
  readonly partitions: number;
}

export interface LogTarget {
  readonly urls: readonly string[];
  readonly credentialsFile: string | null;
  /** With it the servers are asked whether they sync before they answer, and refused if not. */
  readonly systemCredentialsFile: string | null;
  readonly replicas: number;
}

export type Progress = (partition: number, n: number, of: number) => void;

const NATS_GRACE_MS = 15_000;
/** What `up` writes no other number for (shared/config). */
export const PARTITIONS_USUAL = 16;

/** CONFLICT while the mesh runs, or when its log is in JetStream already. */
export function migrateMesh(
  home: string,
  env: { readonly [name: string]: string | undefined },
  progress: Progress,
): Promise<MigrationResult> {
  return withMeshLock(home, async () => {
    const layout = meshLayout(home);
    const record = readMeshRecord(home);
    if (record.services.length === 0) {
      throw new Failure("NOT_FOUND", `there is no mesh in ${home}`, {
        hint: "name a log with --from DIR --to nats://HOST:4222",
      });
    }
    if (record.log === "jetstream") {
      throw new Failure("CONFLICT", `the mesh in ${home} keeps its log in JetStream already`);
    }
    if (liveService(record, "scheduler") !== null) {
      throw new Failure("CONFLICT", "the scheduler is running and writes to this log", {
        hint: "signalbox down, then signalbox log migrate, then signalbox up",
      });
    }
    const before = record.services.find((service) => service.name === "nats");
    const port = await portAgain(before?.ready?.["url"]);
    const nats = await startNats({ layout, env, port });
    writeMeshRecord(home, withService(record, nats));
    try {
      const text = (member: string): string => String(nats.ready?.[member] ?? "");
      const source = { path: layout.embeddedLog, partitions: PARTITIONS_USUAL };
      const target = {
        urls: [text("url")],
        credentialsFile: text("credentialsFile"),
        systemCredentialsFile: text("systemCredentialsFile"),
        replicas: 1,
      };
      const result = await migrate(source, target, progress);
      // Only now: a migration that broke off leaves the mesh on the log it had.
      writeMeshRecord(home, { ...withService(record, nats), log: "jetstream" });
      return result;
    } finally {
      await stopService(nats, NATS_GRACE_MS);
    }
  });
}

export async function migrate(
  source: LogSource,
  target: LogTarget,
  progress: Progress,
): Promise<MigrationResult> {
  const from = openEmbeddedLog(source);
  try {
    const to = await openJetStreamLog({
      urls: target.urls,
      credentials: secretOf(target.credentialsFile),
      systemCredentials: secretOf(target.systemCredentialsFile),
      partitions: source.partitions,
      replicas: target.replicas,
      production: target.systemCredentialsFile !== null,
    });
    try {
      return await migrateLog(from, to, {
        writer: `migrate ${hostname()} ${process.pid}`,
        nowMs: Date.now(),
        onProgress: ({ partition, n, of }) => progress(partition, n, of),
      });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

function secretOf(file: string | null): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch (reason) {
    throw new Failure("INVALID", `cannot read the credentials in ${file}`, { cause: reason });
  }
}
