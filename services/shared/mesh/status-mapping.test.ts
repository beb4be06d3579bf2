import fc from "fast-check";
import { expect, test } from "vitest";
import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";
import { failureOfGrpc, grpcStatusOf, httpFailureOf } from "./status-mapping.ts";

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

test("every failure survives the way through a gRPC status", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...codes),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
      fc.option(fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }), { nil: undefined }),
      fc.option(fc.nat(1e6), { nil: undefined }),
      (code, message, hint, retryAfterMs) => {
        const failure = new Failure(code, message, {
          ...(hint === undefined ? {} : { hint }),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        });
        const status = grpcStatusOf(failure);
        const error = Object.assign(new Error(status.details), status);
        const back = failureOfGrpc(error);
        expect([back.code, back.message, back.hint, back.retryAfterMs]).toEqual([
          code,
          message,
          hint,
          retryAfterMs,
        ]);
      },
    ),
  );
});

test("an HTTP answer names code, message and hint, and when to come back", () => {
  const answer = httpFailureOf(
    new Failure("FULL", "queue full", { hint: "wait", retryAfterMs: 1200 }),
  );
  expect(answer.status).toBe(429);
  expect(answer.headers).toEqual({ "retry-after": "2" });
  expect(answer.body).toEqual({ error: { code: "FULL", message: "queue full", hint: "wait" } });
});

test("401 says how to authenticate", () => {
  expect(httpFailureOf(new Failure("UNAUTHENTICATED", "x")).headers).toHaveProperty(
    "www-authenticate",
  );
});
