import * as fc from "fast-check";
import { expect, test } from "vitest";
import { specOf as exampleOf } from "./core/simulated-cluster.fixture.ts";
import { parseSpec, stubSpec } from "./parse-spec.ts";

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const SPEC = exampleOf(0, {
  program: { kind: "script", text: "print(1)", interpreter: ["python3", "-u"] },
  env: { OMP_NUM_THREADS: "2" },
  files: [
    { path: "a/b.in", source: { kind: "text", text: "x" }, executable: false },
    {
      path: "big",
      source: {
        kind: "artifact",
        digest: `sha256:${"0".repeat(64)}`,
        sizeBytes: 3,
        from: { task: "relax", output: "wave" },
      },
      executable: true,
    },
  ],
  outputs: [
    { name: "e", kind: "value", from: "out.json", extract: { kind: "json", path: "a.b.0" } },
    { name: "p", kind: "value", from: null, extract: { kind: "pattern", pattern: "= (\\S+)" } },
    { name: "w", kind: "file", path: "out/wave.dat" },
  ],
  timeoutMs: 5_000,
  needsReceipts: [`sha256:${"a".repeat(64)}`],
});

test("a spec comes out as it went in", () => {
  expect(parseSpec(bytesOf(SPEC))).toEqual(SPEC);
  expect(parseSpec(bytesOf(exampleOf(3)))).toEqual(exampleOf(3));
});

test.each<[string, unknown, RegExp]>([
  ["no JSON", "{", /it is not JSON/],
  ["a list", [], /spec is no object/],
  ["a bad token", { ...SPEC, token: "../x" }, /is no attempt token/],
  ["a name with a space", { ...SPEC, name: "a b" }, /cannot stand in a queue/],
  [
    "a path that climbs",
    { ...SPEC, files: [{ ...SPEC.files[0], path: "a/../../b" }] },
    /leaves the work/,
  ],
  [
    "an absolute output",
    { ...SPEC, outputs: [{ name: "x", kind: "file", path: "/etc/passwd" }] },
    /leaves the work/,
  ],
  [
    "a source from outside",
    { ...SPEC, outputs: [{ ...SPEC.outputs[0], from: "../x" }] },
    /leaves the work/,
  ],
  ["an empty argv", { ...SPEC, program: { kind: "exec", argv: [] } }, /names no program/],
  ["a NUL in argv", { ...SPEC, program: { kind: "exec", argv: ["a\0b"] } }, /is no list of texts/],
  ["a variable with =", { ...SPEC, env: { "A=B": "1" } }, /its env has a bad/],
  [
    "a pattern that is none",
    {
      ...SPEC,
      outputs: [
        { name: "x", kind: "value", from: null, extract: { kind: "pattern", pattern: "(" } },
      ],
    },
    /the pattern of output x is none/,
  ],
  ["a short digest", { ...SPEC, needsReceipts: ["sha256:00"] }, /digest is malformed/],
  [
    "half a cpu",
    { ...SPEC, resources: { ...SPEC.resources, cpus: 0.5 } },
    /cpus is no whole number/,
  ],
  ["an unknown program", { ...SPEC, program: { kind: "wasm" } }, /its program is "wasm"/],
])("%s is refused by name", (_title, value, why) => {
  const bytes = typeof value === "string" ? Buffer.from(value) : bytesOf(value);
  expect(() => parseSpec(bytes)).toThrow(why);
});

test("whatever comes, it is a spec or a refusal", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(...Object.keys(SPEC)), (json, key) => {
      try {
        parseSpec(bytesOf({ ...SPEC, [key]: JSON.parse(json) }));
      } catch (reason) {
        expect((reason as { code: string }).code).toBe("INVALID");
      }
    }),
  );
});

test("what stands for an unreadable spec is one itself", () => {
  const stub = stubSpec(SPEC.token);
  expect(stub.run).toBe("abcdefgh23456722");
  expect(stub.program).toEqual({ kind: "exec", argv: ["false"] });
});
