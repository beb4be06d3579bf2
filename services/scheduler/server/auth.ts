// Who is calling, and whether they may. A token is `sbx_NAMESPACE_ID_SECRET`; the namespace actor
// keeps the SHA-256 of the whole text and nothing else of the secret.
//
//   A1. A refusal says why: missing, malformed, unknown, expired or revoked (401), or which role or
//       namespace it takes (403). `unknown` does not tell whether namespace, id or secret is wrong.
//   A2. Secrets are compared in constant time, also when there is nothing to compare with.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { base32 } from "#shared/base/hash.ts";
import { parseNamespaceId } from "#shared/base/ids.ts";
import type { NamespaceId } from "#shared/base/ids.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { Role, TokenState } from "../core/state.ts";
import type { NamespaceDirectory } from "./namespace-directory.ts";

/** Somebody whose token held. */
export interface Caller {
  readonly namespace: NamespaceId;
  readonly token: TokenState;
}

/** Its administrators run the whole mesh: they may open other namespaces. */
export const OPERATORS_NAMESPACE = "default" as NamespaceId;

/** Of the whole mesh. */
export function isOperator({ namespace, token }: Caller): boolean {
  return namespace === OPERATORS_NAMESPACE && token.role === "admin";
}

const ROLES: readonly Role[] = ["viewer", "submitter", "admin"];
const TOKEN = /^sbx_([a-z0-9-]{1,63})_([a-z2-7]{8})_([a-z2-7]{32})$/;

export class Auth {
  readonly #directory: NamespaceDirectory;
  readonly #clock: Clock;
  readonly #metrics: Metrics;

  constructor(directory: NamespaceDirectory, clock: Clock, metrics: Metrics) {
    this.#directory = directory;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** `header`: the value of `authorization`. UNAUTHENTICATED with the reason. */
  async callerOf(header: string | undefined): Promise<Caller> {
    const text = /^bearer +(\S+) *$/i.exec(header ?? "")?.[1];
    if (text === undefined) throw this.#refuse("missing", "no bearer token came with the call");
    const [, namespace, id] = TOKEN.exec(text) ?? [];
    if (namespace === undefined || id === undefined) {
      throw this.#refuse("malformed", "this is no Signalbox token");
    }
    const token = (await this.#directory.of(namespace))?.tokens.get(id) ?? null;
    const same = timingSafeEqual(
      Buffer.from(hashOf(text), "hex"),
      Buffer.from(token?.hash ?? "00".repeat(32), "hex"),
    );
    if (token === null || !same) throw this.#refuse("unknown", "the token is unknown");
    if (token.revokedAtMs !== null) {
      throw this.#refuse("revoked", `the token was revoked at ${timeOf(token.revokedAtMs)}`);
    }
    if (token.expiresAtMs !== null && token.expiresAtMs <= this.#clock.nowMs()) {
      throw this.#refuse("expired", `the token expired at ${timeOf(token.expiresAtMs)}`);
    }
    return { namespace: parseNamespaceId(namespace), token };
  }

  /** The namespace a request is about (empty: the caller's). FORBIDDEN when it is not theirs. */
  require(caller: Caller, asked: string | null | undefined, role: Role): NamespaceId {
    if (ROLES.indexOf(caller.token.role) < ROLES.indexOf(role)) {
      this.#count("role");
      throw new Failure(
        "FORBIDDEN",
        `this takes the role ${role}; the token has ${caller.token.role}`,
        {
          hint: `Ask an administrator of ${caller.namespace}: signalbox token create --role ${role}`,
        },
      );
    }
    if (!asked || asked === caller.namespace) return caller.namespace;
    this.#count("namespace");
    throw new Failure("FORBIDDEN", `the token is for namespace ${caller.namespace}, not ${asked}`);
  }

  #refuse(reason: string, sentence: string): Failure {
    this.#count(reason);
    return new Failure("UNAUTHENTICATED", sentence, {
      hint: "Give a token: signalbox --token-file FILE, SIGNALBOX_TOKEN, or authorization: Bearer …",
    });
  }

  #count(reason: string): void {
    this.#metrics.counter("signalbox_auth_refusals_total", { reason }).inc();
  }
}

export interface NewToken {
  readonly id: string;
  readonly hash: string;
  /** The whole token, shown once. */
  readonly secret: string;
}

/** 160 random bits, so a guess is hopeless and a fast hash is enough. */
export function newToken(namespace: NamespaceId): NewToken {
  const id = base32(randomBytes(5));
  const secret = `sbx_${namespace}_${id}_${base32(randomBytes(20))}`;
  return { id, secret, hash: hashOf(secret) };
}

/** INVALID for anything that is no role. */
export function parseRole(text: string): Role {
  const role = ROLES.find((each) => each === text);
  if (role === undefined) {
    throw new Failure("INVALID", `${JSON.stringify(text)} is no role: viewer, submitter or admin`);
  }
  return role;
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
