// Dead Simple Signing Envelope (secure-systems-lab/dsse, v1.0.2) with one Ed25519 signature. What
// is signed is the pre-authentication encoding of the type and the payload's bytes, never parsed
// JSON.

import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import { Failure } from "../base/errors.ts";
import { fingerprint, publicKeyOf } from "./keys.ts";

/** in-toto attestation spec, v1 envelope layer. */
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

export interface Envelope {
  readonly payloadType: string;
  /** Base64 (RFC 4648 §4, padded) of the payload's bytes. */
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

/** "DSSEv1" SP len(type) SP type SP len(body) SP body; lengths are ASCII decimals of bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The statement as canonical JSON, signed. Ed25519 is deterministic: equal in, equal out. */
export function signEnvelope(statement: unknown, privateKey: KeyObject): Envelope {
  const payload = Buffer.from(canonicalJson(statement));
  const sig = sign(null, preAuthEncoding(PAYLOAD_TYPE, payload), privateKey);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString("base64"),
    signatures: [{ keyid: fingerprint(publicKeyOf(privateKey)), sig: sig.toString("base64") }],
  };
}

/** Why the envelope is not signed by this key, or undefined when it is. */
export function signatureProblem(envelope: Envelope, publicKey: KeyObject): string | undefined {
  const [signature] = envelope.signatures;
  if (envelope.payloadType !== PAYLOAD_TYPE) return `payload type ${envelope.payloadType}`;
  if (signature.keyid !== fingerprint(publicKey)) return `it names the key ${signature.keyid}`;
  const payload = decodeBase64(envelope.payload);
  const sig = decodeBase64(signature.sig);
  if (payload === undefined || sig === undefined) return "its base64 is not canonical";
  const signed = verify(null, preAuthEncoding(envelope.payloadType, payload), publicKey, sig);
  return signed ? undefined : "its signature does not match";
}

/** The payload's bytes; undefined when it is not canonical base64. */
export function payloadOf(envelope: Envelope): Uint8Array | undefined {
  return decodeBase64(envelope.payload);
}

/** An envelope from its JSON text. Failure INVALID unless it has exactly an envelope's members. */
export function parseEnvelope(text: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure("INVALID", "a receipt that is not JSON", { cause });
  }
  if (!isEnvelope(value)) throw new Failure("INVALID", "a receipt that is no DSSE envelope");
  return value;
}

export function encodeEnvelope(envelope: Envelope): string {
  return canonicalJson(envelope);
}

export function isEnvelope(value: unknown): value is Envelope {
  if (!hasExactly(value, ["payload", "payloadType", "signatures"])) return false;
  const { payload, payloadType, signatures } = value;
  if (typeof payload !== "string" || typeof payloadType !== "string") return false;
  if (!Array.isArray(signatures) || signatures.length !== 1) return false;
  const [signature] = signatures as readonly unknown[];
  if (!hasExactly(signature, ["keyid", "sig"])) return false;
  return typeof signature["keyid"] === "string" && typeof signature["sig"] === "string";
}

/** An object with these keys, sorted, and no others. */
export function hasExactly(
  value: unknown,
  keys: readonly string[],
): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const own = Object.keys(value).sort();
  return own.length === keys.length && keys.every((key, index) => own[index] === key);
}

/** Strict: what decodes but would be written otherwise is refused. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
