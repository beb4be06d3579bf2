// An agent's report, from bytes to a domain value. The agent proved who it is, which is no reason
// to believe that its bytes are well-formed: what goes into the log stays there.

import { Failure } from "#shared/base/errors.ts";
import { END_CAUSES, REPORT_BYTES_MAX } from "#shared/base/job.ts";
import type { AttemptReport, Evidence, Outcome, OutputValue } from "#shared/base/job.ts";

const TEXT_MAX = 500;
const OUTPUTS_MAX = 1000;
const VALUE_MAX = 64 * 1024;

const PHASES = ["intended", "queued", "held", "running", "paused"] as const;
const SOURCES = ["agent", "supervisor", "queue", "accounting", "controller", "user"] as const;

type Fields = { readonly [name: string]: unknown };

/** INVALID names what is wrong. Texts that are too long are cut. */
export function parseReport(bytes: Uint8Array): AttemptReport {
  if (bytes.length > REPORT_BYTES_MAX) throw wrong(`it has ${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch {
    throw wrong("it is not JSON");
  }
  const fields = fieldsOf(value, "report");
  const evidence = evidenceOf(fields["evidence"]);
  switch (fields["kind"]) {
    case "phase": {
      const phase = oneOf(PHASES, fields["phase"], "phase");
      return {
        kind: "phase",
        phase,
        nativeId: textOrNull(fields, "nativeId"),
        reason: textOrNull(fields, "reason"),
        evidence,
      };
    }
    case "ended":
      return {
        kind: "ended",
        nativeId: textOrNull(fields, "nativeId"),
        outcome: outcomeOf(fields["outcome"]),
        outputs: outputsOf(fields["outputs"]),
        receipt: receiptOf(fields["receipt"]),
        receiptDigest: digestOrNull(fields["receiptDigest"]),
        evidence,
      };
    case "unreachable":
      return { kind: "unreachable", reason: text(fields, "reason"), evidence };
    case "reachable":
      return { kind: "reachable", evidence };
    default:
      throw wrong(`its kind is ${JSON.stringify(fields["kind"])}`);
  }
}

function evidenceOf(value: unknown): Evidence {
  const fields = fieldsOf(value, "evidence");
  return {
    source: oneOf(SOURCES, fields["source"], "evidence.source"),
    raw: text(fields, "raw"),
    atMs: number(fields, "atMs"),
  };
}

function outcomeOf(value: unknown): Outcome {
  const fields = fieldsOf(value, "outcome");
  return {
    cause: oneOf(END_CAUSES, fields["cause"], "outcome.cause"),
    exitCode: numberOrNull(fields, "exitCode"),
    signal: numberOrNull(fields, "signal"),
    confidence: oneOf(["proven", "inferred"] as const, fields["confidence"], "outcome.confidence"),
    startedAtMs: numberOrNull(fields, "startedAtMs"),
    endedAtMs: numberOrNull(fields, "endedAtMs"),
    cpuMs: numberOrNull(fields, "cpuMs"),
    maxRssKb: numberOrNull(fields, "maxRssKb"),
    message: text(fields, "message"),
  };
}

function outputsOf(value: unknown): OutputValue[] {
  if (!Array.isArray(value) || value.length > OUTPUTS_MAX) throw wrong("its outputs are no list");
  return value.map((item: unknown): OutputValue => {
    const fields = fieldsOf(item, "output");
    const name = text(fields, "name");
    if (fields["kind"] === "value") {
      const given = fields["value"];
      if (typeof given !== "string" || given.length > VALUE_MAX)
        throw wrong(`output ${name} is no text`);
      return { name, kind: "value", value: given };
    }
    const digest = digestOrNull(fields["digest"]);
    const path = fields["path"];
    if (
      fields["kind"] !== "file" ||
      digest === null ||
      typeof path !== "string" ||
      path.length > 4096
    ) {
      throw wrong(`output ${name} is neither a value nor a file`);
    }
    return { name, kind: "file", path, digest, sizeBytes: number(fields, "sizeBytes") };
  });
}

function receiptOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") throw wrong("its receipt is no text");
  return value;
}

function digestOrNull(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string" || !/^sha256:[0-9a-f]{64}$/.test(value))
    throw wrong("a digest is malformed");
  return value;
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(`its ${what} is no object`);
  return value as Fields;
}

function oneOf<T extends string>(values: readonly T[], value: unknown, what: string): T {
  const found = values.find((each) => each === value);
  if (found === undefined) throw wrong(`its ${what} is ${JSON.stringify(value)}`);
  return found;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw wrong(`its ${name} is no text`);
  return value.length > TEXT_MAX ? value.slice(0, TEXT_MAX).toWellFormed() : value;
}

function textOrNull(fields: Fields, name: string): string | null {
  return fields[name] === null || fields[name] === undefined ? null : text(fields, name);
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(`its ${name} is no number`);
  return value;
}

function numberOrNull(fields: Fields, name: string): number | null {
  return fields[name] === null || fields[name] === undefined ? null : number(fields, name);
}

function wrong(what: string): Failure {
  return new Failure("INVALID", `a report is malformed: ${what}`);
}
