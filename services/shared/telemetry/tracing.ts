// W3C trace context (https://www.w3.org/TR/trace-context/), as a value that travels in gRPC metadata,
// NATS headers, HTTP headers and events. Ids only; nothing here records or exports spans.

import { randomBytes } from "node:crypto";

export interface Trace {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

export const TRACEPARENT = "traceparent";

/** A fresh root. */
export function newTrace(): Trace {
  return { traceId: nonZeroHex(16), spanId: nonZeroHex(8), sampled: true };
}

/** The same trace, one step further. */
export function childTrace(parent: Trace): Trace {
  return { ...parent, spanId: nonZeroHex(8) };
}

export function formatTraceparent(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}

/** `null` for anything that is no valid traceparent: a bad header starts a new trace, no error. */
export function parseTraceparent(text: string): Trace | null {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text);
  if (match === null) return null;
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** grpc-js Metadata, NATS headers and Headers all have these two. */
export interface TraceCarrier {
  get(key: string): unknown;
  set(key: string, value: string): void;
}

export function injectTrace(carrier: TraceCarrier, trace: Trace): void {
  carrier.set(TRACEPARENT, formatTraceparent(trace));
}

/** The trace a carrier brought, if it brought a valid one. */
export function extractTrace(carrier: Pick<TraceCarrier, "get">): Trace | null {
  const found: unknown = carrier.get(TRACEPARENT);
  const text: unknown = Array.isArray(found) ? found[0] : found;
  return typeof text === "string" ? parseTraceparent(text) : null;
}

/** What a handler works under: a child of what came in, or a new root. */
export function continueTrace(carrier: Pick<TraceCarrier, "get">): Trace {
  const parent = extractTrace(carrier);
  return parent === null ? newTrace() : childTrace(parent);
}

function nonZeroHex(bytes: number): string {
  for (;;) {
    const hex = randomBytes(bytes).toString("hex");
    if (!/^0+$/.test(hex)) return hex;
  }
}
