// Who asks, and what the key allows.

import type { KeyUse } from "../core/key-limits.ts";
import { REQUEST_CLASSES, type RequestClass } from "../core/request-class.ts";
import { ApiError } from "../openai/api-error.ts";

/** What a key allows. */
export interface Grant {
  readonly namespace: string;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  /** Of a request that does not say. */
  readonly priority: RequestClass;
  /** The heaviest a request may ask for. */
  readonly priorityMax: RequestClass;
  /** Null: nobody asks for keys. */
  readonly key: { readonly name: string; readonly use: KeyUse } | null;
}

/** Null: no such key. `bearer` is null when the request brings none. */
export type Authoriser = (bearer: string | null) => Grant | null | Promise<Grant | null>;

/** Of everybody, where nobody asks for keys. */
export const EVERYTHING: Grant = {
  namespace: "",
  models: null,
  priority: "normal",
  priorityMax: "critical",
  key: null,
};

/** `authorization` as HTTP and gRPC carry it. Throws 401 when it is no key that is known. */
export async function grantOf(
  authorise: Authoriser | null,
  authorization: string | null,
): Promise<Grant> {
  if (authorise === null) return EVERYTHING;
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  const grant = await authorise(bearer ?? null);
  if (grant !== null) return grant;
  const why = bearer === undefined ? "No API key was given." : "The API key is not known.";
  throw new ApiError(401, why, { code: "invalid_api_key" });
}

/** The class that was asked for, or the heaviest below it that the key may have. */
export function classOf(grant: Grant, asked: RequestClass | null): RequestClass {
  const { priority, priorityMax } = grant;
  if (asked === null) return priority;
  const heaviest = REQUEST_CLASSES.indexOf(priorityMax);
  return REQUEST_CLASSES[Math.max(heaviest, REQUEST_CLASSES.indexOf(asked))] ?? priority;
}

/** Nobody can guess another namespace's salt and then measure what that one has cached. */
export function saltOf(grant: Grant, asked: string): string {
  return asked === "" ? "" : `${grant.namespace}:${asked}`;
}
