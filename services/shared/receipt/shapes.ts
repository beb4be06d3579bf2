// The exact shape of what is verified: every member there, none besides. A signature says who wrote
// a statement, not that it is one; a verifier must survive both.

import { hasExactly } from "./dsse.ts";

type Word =
  | "string"
  | "string|null"
  | "integer"
  | "integer|null"
  | "boolean"
  | "digest"
  | "digest|null"
  | "scalar";

export type Shape =
  | Word
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly orNull: Shape }
  | { readonly either: readonly Shape[] }
  | { readonly members: { readonly [key: string]: Shape } };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The pointer-like path of the first thing that does not fit, or undefined when all does. */
export function misfit(shape: Shape, value: unknown, path = ""): string | undefined {
  if (typeof shape === "string") return fitsWord(shape, value) ? undefined : path || "/";
  if ("oneOf" in shape) {
    return typeof value === "string" && shape.oneOf.includes(value) ? undefined : path;
  }
  if ("orNull" in shape) return value === null ? undefined : misfit(shape.orNull, value, path);
  if ("either" in shape) {
    return shape.either.some((one) => misfit(one, value) === undefined) ? undefined : path;
  }
  if ("list" in shape) {
    if (!Array.isArray(value)) return path;
    return firstMisfit(value.entries(), () => shape.list, path);
  }
  if ("map" in shape) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return path;
    return firstMisfit(Object.entries(value), () => shape.map, path);
  }
  const keys = Object.keys(shape.members).sort();
  if (!hasExactly(value, keys)) return path || "/";
  return firstMisfit(Object.entries(value), (key) => shape.members[key] as Shape, path);
}

function firstMisfit(
  entries: Iterable<readonly [string | number, unknown]>,
  shapeOf: (key: string) => Shape,
  path: string,
): string | undefined {
  for (const [key, value] of entries) {
    const problem = misfit(shapeOf(String(key)), value, `${path}/${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fitsWord(word: Word, value: unknown): boolean {
  if (value === null) return word.endsWith("|null");
  switch (word) {
    case "string":
    case "string|null":
      return typeof value === "string";
    case "integer":
    case "integer|null":
      return Number.isSafeInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "digest":
    case "digest|null":
      return typeof value === "string" && DIGEST.test(value);
    case "scalar":
      return ["string", "number", "boolean"].includes(typeof value);
  }
}

const signer: Shape = {
  members: { role: { oneOf: ["agent", "scheduler"] }, id: "string", key: "digest" },
};

export const STEP_SHAPE: Shape = {
  members: {
    namespace: "string",
    run: "string",
    task: "string",
    token: "string",
    attempt: "integer",
    cluster: "string",
    nativeId: "string|null",
    inputs: {
      members: {
        files: {
          list: {
            members: {
              path: "string",
              digest: "digest",
              executable: "boolean",
              from: { orNull: { members: { task: "string", output: "string" } } },
            },
          },
        },
        envDigest: "digest",
        stdinDigest: "digest|null",
      },
    },
    inputsHash: "digest",
    code: {
      members: {
        programDigest: "digest",
        executable: { orNull: { members: { path: "string", digest: "digest" } } },
      },
    },
    outputs: {
      list: {
        either: [
          {
            members: {
              name: "string",
              kind: { oneOf: ["value"] },
              value: "string",
              digest: "digest",
            },
          },
          {
            members: {
              name: "string",
              kind: { oneOf: ["file"] },
              path: "string",
              digest: "digest",
              sizeBytes: "integer",
            },
          },
        ],
      },
    },
    outputsHash: "digest",
    outcome: { members: { cause: "string", exitCode: "integer|null", signal: "integer|null" } },
    startedAtMs: "integer|null",
    endedAtMs: "integer|null",
    needsReceipts: { list: "digest" },
    signer,
  },
};

export const RUN_SHAPE: Shape = {
  members: {
    namespace: "string",
    run: "string",
    workflow: "string",
    manifestDigest: "digest",
    params: { map: "scalar" },
    state: { oneOf: ["succeeded", "failed", "cancelled"] },
    submittedAtMs: "integer",
    endedAtMs: "integer",
    steps: {
      list: {
        members: {
          task: "string",
          state: { oneOf: ["succeeded", "failed", "cancelled", "skipped"] },
          receipt: "digest|null",
        },
      },
    },
    signer,
  },
};

export const ENROLMENT_SHAPE: Shape = {
  members: {
    namespace: "string",
    cluster: "string",
    agent: "string",
    publicKey: "string",
    enrolledAtMs: "integer",
    signer,
  },
};
