// How a call ends, as gRPC says it: a status, and google.rpc's details in
// `grpc-status-details-bin` (https://cloud.google.com/apis/design/errors): ErrorInfo always,
// BadRequest for a field, RetryInfo where coming back later may help.

import protobuf from "protobufjs/minimal.js";
import type { ErrorCode } from "#shared/base/errors.ts";
import { STATUS_OF } from "#shared/mesh/status-mapping.ts";
import type { ApiError } from "../openai/api-error.ts";

export interface CallStatus {
  /** gRPC's number. */
  readonly code: number;
  readonly message: string;
  /** Trailers besides. */
  readonly trailers: { readonly [name: string]: string };
}

export const OK: CallStatus = { code: 0, message: "", trailers: {} };

const DOMAIN = "signalbox";
const TYPE = "type.googleapis.com/google.rpc.";
/** Trailers are one header block, which clients bound at 8 KiB: a message of a user's is cut. */
const MESSAGE_CHARS_MAX = 1_024;

/** By HTTP's status, which says what kind of error it is. */
const CODE_OF: { readonly [status: number]: ErrorCode } = {
  ...{ 400: "INVALID", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND" },
  ...{ 405: "INVALID", 413: "FULL", 415: "INVALID", 429: "FULL", 499: "CANCELLED" },
  ...{ 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE" },
};

export function codeOf(error: ApiError): ErrorCode {
  if (error.code === "overloaded") return "FULL";
  return CODE_OF[error.status] ?? "INTERNAL";
}

/** What is not served here. */
export function unimplemented(message: string): CallStatus {
  return { code: 12, message, trailers: {} };
}

export function statusOf(error: ApiError): CallStatus {
  const { grpc } = STATUS_OF[codeOf(error)];
  const message = cut(error.message);
  const trailers: { [name: string]: string } = {
    "grpc-status-details-bin": detailsOf(grpc, message, error).toString("base64"),
  };
  if (error.retryAfterMs !== null) {
    // https://github.com/grpc/proposal/blob/master/A6-client-retries.md
    trailers["grpc-retry-pushback-ms"] = String(Math.ceil(error.retryAfterMs));
  }
  return { code: grpc, message, trailers };
}

/** google.rpc.Status. */
function detailsOf(code: number, message: string, error: ApiError): Buffer {
  const status = protobuf.Writer.create();
  status.uint32(8).int32(code).uint32(18).string(message);
  const reason = (error.code ?? "invalid_request").toUpperCase();
  const info = protobuf.Writer.create().uint32(10).string(reason).uint32(18).string(DOMAIN);
  addDetail(status, "ErrorInfo", info);
  if (error.param !== null) {
    const field = protobuf.Writer.create().uint32(10).string(error.param);
    field.uint32(18).string(message);
    addDetail(status, "BadRequest", protobuf.Writer.create().uint32(10).bytes(field.finish()));
  }
  if (error.retryAfterMs !== null) {
    const ms = Math.ceil(error.retryAfterMs);
    const delay = protobuf.Writer.create()
      .uint32(8)
      .int64(Math.floor(ms / 1_000));
    delay.uint32(16).int32((ms % 1_000) * 1_000_000);
    addDetail(status, "RetryInfo", protobuf.Writer.create().uint32(10).bytes(delay.finish()));
  }
  return Buffer.from(status.finish());
}

/** google.protobuf.Any. */
function addDetail(status: protobuf.Writer, name: string, message: protobuf.Writer): void {
  const any = protobuf.Writer.create()
    .uint32(10)
    .string(TYPE + name);
  any.uint32(18).bytes(message.finish());
  status.uint32(26).bytes(any.finish());
}

function cut(message: string): string {
  const whole = message.toWellFormed();
  return whole.length <= MESSAGE_CHARS_MAX ? whole : `${whole.slice(0, MESSAGE_CHARS_MAX)} …`;
}

/** gRPC's grpc-message: UTF-8, percent-encoded where it is no printable ASCII, and only there. */
export function encodedMessage(message: string): string {
  return message.replaceAll(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
}
