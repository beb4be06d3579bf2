import { Metadata } from "@grpc/grpc-js";
import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  agentMetadata,
  challengeHolds,
  claimedAgentOf,
  PROOF_AGE_MS_MAX,
  publicKeyHexOf,
  signChallenge,
} from "./agent-proof.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const { privateKey: otherKey } = generateKeyPairSync("ed25519");
const agent = { agentId: "a1", namespace: "lab", cluster: "hpc" };
const METHOD = "/signalbox.agent.v1.AgentService/PutArtifact";

function metadataOf(entries: { [name: string]: string | Buffer }): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

test("a challenge is answered by the key's owner alone, for its nonce and agent alone", () => {
  const nonce = Buffer.alloc(32, 7);
  const signature = signChallenge(privateKey, nonce, "a1");
  const hex = publicKeyHexOf(privateKey);
  expect(challengeHolds(hex, nonce, "a1", signature)).toBe(true);
  expect(challengeHolds(hex, Buffer.alloc(32, 8), "a1", signature)).toBe(false);
  expect(challengeHolds(hex, nonce, "a2", signature)).toBe(false);
  expect(challengeHolds(publicKeyHexOf(otherKey), nonce, "a1", signature)).toBe(false);
  expect(challengeHolds(hex, nonce, "a1", Buffer.alloc(3))).toBe(false);
});

test("a call's proof names its agent and holds for that method, time and key only", () => {
  const metadata = metadataOf(agentMetadata(agent, privateKey, METHOD, 1_000_000));
  const claim = claimedAgentOf(metadata, METHOD, 1_000_500);
  expect(claim).toMatchObject(agent);
  claim.check(publicKeyHexOf(privateKey));
  expect(() => claim.check(publicKeyHexOf(otherKey))).toThrow("not an agent with this key");
  expect(() => claim.check(null)).toThrow("not an agent");
  const elsewhere = claimedAgentOf(metadata, METHOD.replace("Put", "Get"), 1_000_500);
  expect(() => elsewhere.check(publicKeyHexOf(privateKey))).toThrow("not an agent");
});

test("an old proof and a call without one are refused with the reason", () => {
  const metadata = metadataOf(agentMetadata(agent, privateKey, METHOD, 0));
  expect(() => claimedAgentOf(metadata, METHOD, PROOF_AGE_MS_MAX + 1)).toThrow("600 s old");
  expect(() => claimedAgentOf(new Metadata(), METHOD, 0)).toThrow("carries no agent's proof");
});
