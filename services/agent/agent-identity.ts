// Who this agent is: an Ed25519 key of its own, made before the one-time token is spent, and what
// the scheduler called it. Both lie in STATE, readable by the owner alone.
//
//   N1. The key is on disk before its public half leaves the machine: a crash after enrolment finds
//       the key that was enrolled.
//   N2. The token is spent once; after that the identity file is all that is needed.

import { hostname } from "node:os";
import * as fs from "node:fs";
import { join } from "node:path";
import type { KeyObject } from "node:crypto";
import { AgentService } from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { readSecret } from "#shared/config/load-config.ts";
import type { AgentName } from "#shared/mesh/agent-proof.ts";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import type { GrpcChannel } from "#shared/mesh/grpc-client.ts";
import {
  exportPrivatePem,
  exportPublicRaw,
  generateKeyPair,
  importPrivatePem,
  publicKeyOf,
} from "#shared/receipt/keys.ts";

export interface AgentIdentity extends AgentName {
  readonly privateKey: KeyObject;
}

const ENROL_MS = 10_000;

/** The key in STATE/agent.key; made when there is none. */
export function openKey(state: string): KeyObject {
  const path = join(state, "agent.key");
  fs.mkdirSync(state, { recursive: true, mode: 0o700 });
  if (fs.existsSync(path)) return importPrivatePem(fs.readFileSync(path, "utf8"), path);
  const { privateKey } = generateKeyPair();
  writeDurably(path, exportPrivatePem(privateKey));
  return privateKey;
}

/** What an earlier enrolment brought; `null` before the first. */
export function readIdentity(state: string, privateKey: KeyObject): AgentIdentity | null {
  const path = join(state, "identity.json");
  if (!fs.existsSync(path)) return null;
  const { agentId, namespace, cluster } = fieldsIn(fs.readFileSync(path, "utf8"));
  if (typeof agentId !== "string" || typeof namespace !== "string" || typeof cluster !== "string") {
    throw new Failure("CORRUPT", `${path} is no identity`, {
      hint: "Remove it and enrol again with a new token: signalbox cluster add",
    });
  }
  return { agentId, namespace, cluster, privateKey };
}

function fieldsIn(text: string): Partial<AgentName> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<AgentName>;
  } catch {
    return {};
  }
}

/** Spends the one-time token. Rejects with a Failure whose `retry` says whether to try again. */
export async function enrol(
  channel: GrpcChannel,
  state: string,
  tokenFile: string | null,
  version: string,
  privateKey: KeyObject,
): Promise<AgentIdentity> {
  if (tokenFile === null) {
    throw new Failure("INVALID", "this agent is not enrolled and has no enrolment token", {
      hint: "Set agent.enrolment_token_file to the token that `signalbox cluster add` gave.",
    });
  }
  const answer = await clientOf(AgentService, channel).enrol(
    {
      enrolmentToken: readSecret(tokenFile),
      publicKey: exportPublicRaw(publicKeyOf(privateKey)),
      version,
      host: hostname(),
    },
    { deadlineMs: ENROL_MS },
  );
  const name: AgentName = {
    agentId: answer.agentId ?? "",
    namespace: answer.namespace ?? "",
    cluster: answer.cluster ?? "",
  };
  const schedulerPublicKey = Buffer.from(answer.schedulerPublicKey ?? new Uint8Array()).toString(
    "hex",
  );
  writeDurably(join(state, "identity.json"), JSON.stringify({ ...name, schedulerPublicKey }));
  return { ...name, privateKey };
}

function writeDurably(path: string, text: string): void {
  const beside = `${path}.${process.pid}.part`;
  const file = fs.openSync(beside, "w", 0o600);
  try {
    fs.writeSync(file, text);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(beside, path);
}
