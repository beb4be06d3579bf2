// How a stream goes on after its connection broke, at any router.
//
// A client that wants this sends the header `x-signalbox-resume: new`. The answer then carries
// `x-signalbox-resume: TOKEN`, and every event an `id:`: the index of the last token it stands for,
// the number of all tokens once the choice has ended; with several choices one per choice, parted
// by commas, -1 for none yet. To go on it sends the same body again with that TOKEN in the header
// and `Last-Event-ID: N`.
//
// Whoever gets that opens the request anew with the token's seed. The same tokens are drawn, since
// a draw depends on seed and position only; the prefix cache makes the prompt cheap. Events up to
// N are worked through and not sent; then id, created, model and the split of the text are those of
// the first answer. Without the header there are no ids: widespread benchmark clients take every
// line of an event for JSON.

import { createHash } from "node:crypto";

import { canonicalJson, type Json } from "#shared/base/canonical-json.ts";
import { badField } from "./api-error.ts";

export const RESUME_HEADER = "x-signalbox-resume";
const VERSION = 1;
const TOKEN_CHARS_MAX = 1_024;

/** What makes an answer the same answer. */
export interface AnswerIdentity {
  readonly id: string;
  /** Seconds since 1970; the template's date is taken from it too. */
  readonly created: number;
  readonly seed: number;
}

/** Of the body in its one canonical text: a client may write its members in another order. */
export function bodyDigest(body: Json): string {
  return createHash("sha256").update(canonicalJson(body)).digest("base64url").slice(0, 22);
}

export function encodeResume(identity: AnswerIdentity, digest: string): string {
  const { id, created, seed } = identity;
  const text = JSON.stringify({ v: VERSION, id, created, seed, body: digest });
  return Buffer.from(text).toString("base64url");
}

/** Throws ApiError when it is no token, or one of another body. */
export function parseResume(token: string, digest: string): AnswerIdentity {
  const { v, id, created, seed, body } = decoded(token);
  const known = v === VERSION && typeof id === "string" && /^[\w-]{1,128}$/.test(id);
  if (!known || !isCount(created) || !isCount(seed)) {
    throw badField(RESUME_HEADER, "is no token of this service");
  }
  if (body !== digest) throw badField(RESUME_HEADER, "belongs to a request with another body");
  return { id, created, seed };
}

/** One position per choice; -1 where nothing was had. */
export function parsePositions(lastEventId: string, choices: number): number[] {
  const parts = lastEventId === "" ? [] : lastEventId.split(",");
  if (parts.length === 0) return Array.from({ length: choices }, () => -1);
  const positions = parts.map((part) => (/^(?:-1|\d{1,9})$/.test(part) ? Number(part) : null));
  if (positions.length !== choices || positions.includes(null)) {
    throw badField("Last-Event-ID", "is no id of this stream's events");
  }
  return positions.map((position) => position ?? -1);
}

interface Written {
  readonly v?: unknown;
  readonly id?: unknown;
  readonly created?: unknown;
  readonly seed?: unknown;
  readonly body?: unknown;
}

function decoded(token: string): Written {
  try {
    if (token.length > TOKEN_CHARS_MAX) return {};
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
