// The lines are what a shell takes for one command, whatever the model is called.

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlLines } from "./curl-lines.ts";

function argumentsOf(lines: readonly string[]): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }; KEY=sk-1\n${lines.join("\n")}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

test("a quote in the model's name is no end of the body", () => {
  const [, url, , type, , body = ""] = argumentsOf(curlLines("http://h:1/v1", "it's"));
  expect([url, type]).toEqual(["http://h:1/v1/chat/completions", "content-type: application/json"]);
  expect(JSON.parse(body)).toMatchObject({ model: "it's", stream: true });
});

test("where keys are asked for, one is sent", () => {
  expect(argumentsOf(curlLines("http://h:1/v1", "m"))).not.toContain("authorization: Bearer sk-1");
  expect(argumentsOf(curlLines("http://h:1/v1", "m", true))).toContain(
    "authorization: Bearer sk-1",
  );
});
