// One JSON line per event on standard error. Standard output belongs to results.
//
//   T1. No secret leaves: members with a secret's name are replaced wherever they stand in the
//       first three levels, and bearer tokens and private keys are cut out of any text of the line.
//   T2. A line that cannot be written is lost and nothing else: no service ends because the disk
//       under its log is full.

import { writeSync } from "node:fs";
import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

import type { Trace } from "./tracing.ts";

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  readonly level?: string;
  /** Standard error when left out. */
  readonly destination?: DestinationStream;
}

const SECRET_NAMES = [
  "authorization",
  "bearer",
  "cookie",
  "key_pem",
  "keyPem",
  "password",
  "privateKey",
  "private_key",
  "secret",
  "token",
];
/** What could be a credential inside any text. A token of ours is 20 characters or longer. */
const SECRET_TEXT =
  /(bearer\s+)[\w.~+/=-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?="))/gi;
const REDACTED = "[redacted]";

/** Written at once: the last lines before a crash are the ones somebody will need. */
const STANDARD_ERROR: DestinationStream = {
  write(line) {
    try {
      writeSync(2, line);
    } catch {
      // T2: there is nowhere to say so.
    }
  },
};

/** Lines carry `service`, `pid`, ISO `time`, and `trace_id` through `withTrace`. */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level ?? "info",
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: REDACTED,
      },
      hooks: {
        streamWrite: (line) =>
          line.replace(
            SECRET_TEXT,
            (_, prefix: string | undefined) => `${prefix ?? ""}${REDACTED}`,
          ),
      },
    },
    options.destination ?? STANDARD_ERROR,
  );
}

/** A logger whose lines name the trace. */
export function withTrace(logger: Logger, trace: Trace): Logger {
  return logger.child({ trace_id: trace.traceId, span_id: trace.spanId });
}
