// The private nats-server of `up --mesh`, as a recorded service.

import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import {
  findNatsServer,
  runningNatsServer,
  startNatsServer,
  type NatsServer,
} from "#shared/mesh/nats-server.ts";
import type { MeshLayout } from "./mesh-layout.ts";
import type { ServiceRecord } from "./mesh-record.ts";
import { identityOf } from "./process-identity.ts";

export interface NatsStart {
  readonly layout: MeshLayout;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where it listened before; 0 takes a free port. */
  readonly port: number;
}

/** NOT_FOUND with the way to get one when there is no nats-server on this machine. */
export async function startNats(start: NatsStart): Promise<ServiceRecord> {
  const { layout, env, port } = start;
  const directory = layout.natsDirectory;
  // One that was started by a command which died before it could record it.
  const running = runningNatsServer(directory);
  if (running !== null) return recordOf(running, directory);
  const binary = findNatsServer(env);
  return recordOf(await startNatsServer({ directory, binary, port, detached: true }), directory);
}

function recordOf(server: NatsServer, directory: string): ServiceRecord {
  const identity = identityOf(server.pid);
  const logFile = join(directory, "nats-server.log");
  if (identity === null) {
    throw new Failure("UNAVAILABLE", "nats-server ended right after its start", {
      hint: `its log is ${logFile}`,
    });
  }
  const { url, credentialsFile, systemCredentialsFile } = server;
  return {
    ...identity,
    name: "nats",
    logFile,
    ready: { url, credentialsFile, systemCredentialsFile },
  };
}
