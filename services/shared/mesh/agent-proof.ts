// What an agent signs to show that it is itself, in one place for both ends: the answer to the
// scheduler's challenge on its stream, and a short-lived proof in the metadata of its other calls.
//
// An agent's public key is kept and compared as 32 raw bytes in hex; inside Node it is a KeyObject.

import { createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { Failure } from "#shared/base/errors.ts";

/** An agent as the scheduler's actors name it. */
export interface AgentName {
  readonly agentId: string;
  readonly namespace: string;
  readonly cluster: string;
}

/** A proof is good for this long before and after its time: login nodes' clocks differ. */
export const PROOF_AGE_MS_MAX = 10 * 60_000;

const NAME_KEY = "signalbox-agent";
const TIME_KEY = "signalbox-agent-at-ms";
const PROOF_KEY = "signalbox-agent-proof-bin";

/** Ed25519 over `signalbox-agent-v1` || nonce || agent id. */
export function signChallenge(key: KeyObject, nonce: Uint8Array, agentId: string): Buffer {
  return sign(null, challengeBytes(nonce, agentId), key);
}

export function challengeHolds(
  publicKeyHex: string,
  nonce: Uint8Array,
  agentId: string,
  signature: Uint8Array,
): boolean {
  return (
    signature.length === 64 &&
    verify(null, challengeBytes(nonce, agentId), keyOfHex(publicKeyHex), signature)
  );
}

/** Metadata for one call of `method` (`/package.Service/Method`) in an agent's name. */
export function agentMetadata(
  agent: AgentName,
  key: KeyObject,
  method: string,
  nowMs: number,
): { [name: string]: string | Buffer } {
  const name = `${agent.namespace}/${agent.cluster}/${agent.agentId}`;
  return {
    [NAME_KEY]: name,
    [TIME_KEY]: String(nowMs),
    [PROOF_KEY]: sign(null, callBytes(name, method, nowMs), key),
  };
}

/**
 * Who a call claims to come from; `check` throws UNAUTHENTICATED unless the key's owner made it.
 */
export function claimedAgentOf(
  metadata: { get(key: string): readonly (string | Buffer)[] },
  method: string,
  nowMs: number,
): AgentName & { readonly check: (publicKeyHex: string | null) => void } {
  const text = String(metadata.get(NAME_KEY)[0] ?? "");
  const atMs = Number(metadata.get(TIME_KEY)[0] ?? Number.NaN);
  const proof = metadata.get(PROOF_KEY)[0];
  const [namespace, cluster, agentId, ...rest] = text.split("/");
  if (
    !namespace ||
    !cluster ||
    !agentId ||
    rest.length > 0 ||
    !Number.isSafeInteger(atMs) ||
    !Buffer.isBuffer(proof)
  ) {
    throw new Failure("UNAUTHENTICATED", "the call carries no agent's proof");
  }
  if (Math.abs(nowMs - atMs) > PROOF_AGE_MS_MAX) {
    throw new Failure(
      "UNAUTHENTICATED",
      `the agent's proof is ${Math.round((nowMs - atMs) / 1000)} s old`,
      {
        hint: "Compare the clocks of the agent's machine and the scheduler's.",
      },
    );
  }
  const check = (publicKeyHex: string | null): void => {
    const holds =
      publicKeyHex !== null &&
      proof.length === 64 &&
      verify(null, callBytes(text, method, atMs), keyOfHex(publicKeyHex), proof);
    if (!holds) throw new Failure("UNAUTHENTICATED", `${text} is not an agent with this key`);
  };
  return { namespace, cluster, agentId, check };
}

/** 32 raw bytes of an Ed25519 public key, in hex. */
export function publicKeyHexOf(key: KeyObject): string {
  const { x } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  return Buffer.from(x ?? "", "base64url").toString("hex");
}

/** INVALID when it is not 32 bytes. */
export function keyOfHex(publicKeyHex: string): KeyObject {
  if (!/^[0-9a-f]{64}$/.test(publicKeyHex)) {
    throw new Failure("INVALID", "an Ed25519 public key has 32 bytes");
  }
  const x = Buffer.from(publicKeyHex, "hex").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function challengeBytes(nonce: Uint8Array, agentId: string): Buffer {
  return Buffer.concat([Buffer.from("signalbox-agent-v1"), nonce, Buffer.from(agentId)]);
}

function callBytes(name: string, method: string, atMs: number): Buffer {
  return Buffer.from(`signalbox-agent-call-v1\n${name}\n${method}\n${atMs}`);
}
