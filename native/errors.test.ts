// One table of codes in two languages.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { ENGINE_ERROR_CODES, EngineFailure } from "./errors.ts";

test("the codes are those of core/error.h, by the names that core/error.cpp gives them", () => {
  const source = readFileSync(join(import.meta.dirname, "core", "error.cpp"), "utf8");
  const names = [...source.matchAll(/case ErrorCode::k\w+: return "([a-z_]+)";/gu)];
  const header = readFileSync(join(import.meta.dirname, "core", "error.h"), "utf8");
  const codes = [.../enum class ErrorCode \{([^}]*)\}/u.exec(header)![1]!.matchAll(/^\s*k\w+,/gmu)];
  expect(codes.length).toBeGreaterThan(5);
  expect(names).toHaveLength(codes.length);
  expect(Object.keys(ENGINE_ERROR_CODES)).toEqual(names.map((match) => match[1]));
});

test("a failure says whether and where to try again", () => {
  expect(new EngineFailure("busy", "full").retry).toBe("later");
  expect(new EngineFailure("stalled", "late").retry).toBe("elsewhere");
  expect(new EngineFailure("invalid_request", "odd").retry).toBe("never");
});

test("what the addon throws keeps its code; what nobody knows is internal, with its cause", () => {
  const thrown = Object.assign(new TypeError("prompt must be an Int32Array"), {
    code: "invalid_request",
  });
  expect(EngineFailure.from(thrown)).toMatchObject({ code: "invalid_request", cause: thrown });
  const odd = new Error("odd");
  expect(EngineFailure.from(odd)).toMatchObject({ code: "internal", message: "odd", cause: odd });
  expect(EngineFailure.from(Object.assign(new Error("x"), { code: "toString" })).code).toBe(
    "internal",
  );
  expect(EngineFailure.from(undefined).code).toBe("internal");
  const failure = new EngineFailure("io", "gone");
  expect(EngineFailure.from(failure)).toBe(failure);
});
