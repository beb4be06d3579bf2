// One JSON line per event on standard error. Standard output belongs to results.
//
//   T1. No secret leaves: members with a secret's name are replaced wherever they stand in the
//       first three levels, and bearer tokens and private keys are cut out of any text of the line.
//   T2. A line that cannot be written is lost and nothing else: no service ends because the disk
//       under its log is full.

import { writeSync } from "node:fs";
import { pino, stdSerializers, type DestinationStream, type Logger as PinoLogger } from "pino";

import type { Trace } from "./tracing.ts";

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  readonly level?: string;
  /** Standard error when left out. */
  readonly destination?: DestinationStream;
}

const SECRET_NAMES: ReadonlySet<string> = new Set([
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
]);
const LEVELS = 3;
/** A chain of causes may be a circle. */
const CAUSES_MAX = 8;
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
  const logger = pino(
    {
      level: options.level ?? "info",
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (members) => membersOf(members),
      },
      serializers: { err: (error: Error) => withoutSecrets(errorMembers(error), LEVELS - 1) },
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
  // Children of children inherit it; pino's formatters see none of their members.
  const { child } = logger;
  logger.child = function guarded(this: Logger, members: Record<string, unknown>, ...rest) {
    return child.call(this, membersOf(members), ...rest);
  } as typeof child;
  return logger;
}

/** As pino writes an error, but words that a failure has from its cause are said once. */
function errorMembers(error: Error): object {
  const members = stdSerializers.err(error);
  if (!(error instanceof Error)) return members;
  let message = "";
  let cause: unknown = error;
  for (let depth = 0; cause instanceof Error && depth < CAUSES_MAX; depth++) {
    const { message: said } = cause;
    if (!message.includes(said)) message += message === "" ? said : `: ${said}`;
    ({ cause } = cause);
  }
  members.message = message;
  return members;
}

/** `err` goes on as it is: a copy of an error is none, and its serializer looks at the members. */
function membersOf({ err, ...members }: Record<string, unknown>): Record<string, unknown> {
  const shown = withoutSecrets(members, LEVELS) as Record<string, unknown>;
  return err === undefined ? shown : { ...shown, err };
}

/**
 * `value` itself where there is nothing to replace. By hand: pino's own way clones every line for
 * every path, and costs ten times the line.
 */
function withoutSecrets(value: unknown, levels: number): unknown {
  if (levels === 0 || typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return value;
  }
  let copy: Record<string, unknown> | null = null;
  for (const [name, member] of Object.entries(value)) {
    const shown = SECRET_NAMES.has(name) ? REDACTED : withoutSecrets(member, levels - 1);
    if (shown === member) continue;
    copy ??= Object.assign(Array.isArray(value) ? [] : {}, value) as Record<string, unknown>;
    copy[name] = shown;
  }
  return copy ?? value;
}

/** A logger whose lines name the trace. */
export function withTrace(logger: Logger, trace: Trace): Logger {
  return logger.child({ trace_id: trace.traceId, span_id: trace.spanId });
}
