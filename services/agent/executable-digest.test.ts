import * as fs from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { specOf } from "./core/simulated-cluster.fixture.ts";
import { ExecutableDigests } from "./executable-digest.ts";

test("a program that is a file is named by its content; one that has no end is not read", () => {
  const { path, remove } = tempDirectory("executable");
  onTestFinished(remove);
  fs.writeFileSync(join(path, "tool"), "x", { mode: 0o700 });
  const digests = new ExecutableDigests(path);
  const of = (name: string): string | undefined =>
    digests.of(specOf(0, { program: { kind: "exec", argv: [name] } }), path)?.digest;
  expect(of("tool")).toMatch(/^sha256:2d711642b726b044/);
  expect(of("./tool")).toBe(of("tool"));
  expect(of("/dev/zero")).toBeUndefined();
  expect(of("none")).toBeUndefined();
});
