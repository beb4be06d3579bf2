// HOME/mesh.json: what `up` started, so that `down` ends exactly that.
//
//   M1. A process is recorded as soon as it has been started, before anything is asked of it.
//   M2. The file is replaced by rename: it is never seen half written.
//   M3. Only one `up` or `down` works on a home at a time (withMeshLock).

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

export interface ServiceRecord extends ProcessIdentity {
  /** `nats`, `scheduler` or `agent-CLUSTER`. */
  readonly name: string;
  readonly logFile: string;
  /** Its ready line: addresses it serves at. */
  readonly ready: { readonly [member: string]: string | number | boolean } | null;
}

/** A cluster whose agent runs here. */
export interface ClusterPlan {
  readonly name: string;
  readonly kind: "local" | "slurm";
  /** 0 lets the scheduler choose by kind. */
  readonly slots: number;
  readonly makeDefault: boolean;
  /** For the dialect, as in `[agent.options]`. */
  readonly options: { readonly [name: string]: string };
  /** Further keys of `[agent]`. */
  readonly settings: { readonly [key: string]: string | number };
}

export interface MeshRecord {
  readonly v: 1;
  readonly log: "embedded" | "jetstream";
  readonly clusters: readonly ClusterPlan[];
  readonly services: readonly ServiceRecord[];
}

export const EMPTY_MESH: MeshRecord = { v: 1, log: "embedded", clusters: [], services: [] };

export function meshRecordPath(home: string): string {
  return join(home, "mesh.json");
}

/** An empty record when there is none. */
export function readMeshRecord(home: string): MeshRecord {
  const path = meshRecordPath(home);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return EMPTY_MESH;
    throw reason;
  }
  try {
    const record = JSON.parse(text) as MeshRecord;
    const whole = Array.isArray(record.services) && Array.isArray(record.clusters);
    if (record.v !== 1 || !whole) throw new Error("it has another form");
    return record;
  } catch (reason) {
    throw new Failure("CORRUPT", `${path} cannot be read: ${(reason as Error).message}`, {
      cause: reason,
      hint: "look for its processes with `ps`, end them, then remove the file",
    });
  }
}

export function writeMeshRecord(home: string, record: MeshRecord): void {
  writeFileAtomic(meshRecordPath(home), `${JSON.stringify(record, null, 2)}\n`);
}

/** The record with one service put in the place of its namesake. */
export function withService(record: MeshRecord, service: ServiceRecord): MeshRecord {
  const others = record.services.filter((other) => other.name !== service.name);
  return { ...record, services: [...others, service] };
}

export function liveService(record: MeshRecord, name: string): ServiceRecord | null {
  const service = record.services.find((candidate) => candidate.name === name);
  return service !== undefined && isAlive(service) ? service : null;
}

/** Mode 0600: several of these files hold tokens. */
export function writeFileAtomic(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** CONFLICT when another live command holds the home. A dead holder's lock is taken over. */
export async function withMeshLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, "mesh.lock");
  const self = identityOf(process.pid);
  takeLock(path, JSON.stringify(self));
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function takeLock(path: string, content: string): void {
  for (let tries = 1; ; tries++) {
    try {
      writeFileSync(path, content, { flag: "wx", mode: 0o600 });
      return;
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
    }
    const holder = lockHolder(path);
    if (tries > 2 || (holder !== null && isAlive(holder))) {
      throw new Failure(
        "CONFLICT",
        `another signalbox command (pid ${holder?.pid ?? "?"}) works on this mesh`,
        {
          hint: `wait for it to end; if none runs, remove ${path}`,
        },
      );
    }
    rmSync(path, { force: true });
  }
}

function lockHolder(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity | null;
  } catch {
    return null; // Gone since, or its writer died before writing.
  }
}
