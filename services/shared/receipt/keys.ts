// Ed25519 keys: made, named, and turned into what files and wires carry.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { Failure } from "../base/errors.ts";

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function generateKeyPair(): KeyPair {
  return generateKeyPairSync("ed25519");
}

/** The other half of a private key. */
export function publicKeyOf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey);
}

/** `sha256:HEX` of the 32 raw bytes: what signatures and people call a key. */
export function fingerprint(publicKey: KeyObject): string {
  return `sha256:${createHash("sha256").update(exportPublicRaw(publicKey)).digest("hex")}`;
}

/** RFC 8032's 32 bytes. */
export function exportPublicRaw(key: KeyObject): Uint8Array {
  return rawMember(key, "x");
}

/** RFC 8032's 32-byte seed. A secret. */
export function exportPrivateRaw(key: KeyObject): Uint8Array {
  return rawMember(key, "d");
}

/** Failure INVALID for anything but 32 bytes that are a key. */
export function importPublicRaw(raw: Uint8Array): KeyObject {
  const x = base64url(raw, "public");
  return imported(() => createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }));
}

/** Failure INVALID for anything but 32 bytes. */
export function importPrivateRaw(seed: Uint8Array): KeyObject {
  base64url(seed, "private");
  // PKCS #8 (RFC 8410 §7): a fixed head, then the seed. A JWK would need the public half too.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return imported(() => createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

export function exportPublicPem(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** A secret: PKCS #8 without a passphrase. */
export function exportPrivatePem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Failure INVALID unless it is an Ed25519 public key. */
export function importPublicPem(pem: string): KeyObject {
  return imported(() => createPublicKey(pem));
}

/** Failure INVALID unless it is an Ed25519 private key; `name`: what the message calls it. */
export function importPrivatePem(pem: string, name = "this"): KeyObject {
  return imported(() => createPrivateKey(pem), name);
}

function imported(read: () => KeyObject, name = "this"): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new Failure("INVALID", `${name} is no Ed25519 key`, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw new Failure("INVALID", `${name} is a key of type ${key.asymmetricKeyType}, not ed25519`);
  }
  return key;
}

function rawMember(key: KeyObject, member: "x" | "d"): Uint8Array {
  const text = key.export({ format: "jwk" })[member];
  assert(typeof text === "string", "not an Ed25519 key of that half");
  return new Uint8Array(Buffer.from(text, "base64url"));
}

function base64url(raw: Uint8Array, which: string): string {
  if (raw.length !== 32) {
    throw new Failure("INVALID", `a raw Ed25519 ${which} key has 32 bytes, not ${raw.length}`);
  }
  return Buffer.from(raw).toString("base64url");
}
