import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Failure } from "#shared/base/errors.ts";
import { parseReport } from "./parse-report.ts";

const evidence = { source: "queue", raw: "RUNNING", atMs: 5 } as const;
const parse = (value: unknown): unknown => parseReport(Buffer.from(JSON.stringify(value)));
const outcome = {
  ...{ cause: "ok", exitCode: 0, signal: null, confidence: "proven", startedAtMs: 1, endedAtMs: 2 },
  ...{ cpuMs: 3, maxRssKb: 4, message: "exit code 0" },
};

describe("a report", () => {
  test("of each kind comes through as it is", () => {
    const reports = [
      { kind: "phase", phase: "held", nativeId: "1", reason: "Priority", evidence },
      { kind: "unreachable", reason: "no answer", evidence },
      { kind: "reachable", evidence },
      {
        ...{
          kind: "ended",
          nativeId: null,
          outcome,
          receipt: "{}",
          receiptDigest: `sha256:${"a".repeat(64)}`,
          evidence,
        },
        outputs: [
          { name: "e", kind: "value", value: "-1.5" },
          {
            name: "f",
            kind: "file",
            path: "out/f",
            digest: `sha256:${"b".repeat(64)}`,
            sizeBytes: 7,
          },
        ],
      },
    ];
    for (const report of reports) expect(parse(report)).toEqual(report);
  });

  test("that is malformed is refused by name", () => {
    expect(() => parse({ kind: "phase", phase: "ended", evidence })).toThrow(
      'its phase is "ended"',
    );
    expect(() =>
      parse({ kind: "ended", outcome: { ...outcome, cause: "fun" }, outputs: [], evidence }),
    ).toThrow("outcome.cause");
    expect(() => parse({ kind: "reachable" })).toThrow("its evidence is no object");
    expect(() => parse({ kind: "x", evidence })).toThrow('its kind is "x"');
  });

  test("is a report or an INVALID failure, whatever the bytes are", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseReport(bytes);
          } catch (reason) {
            expect((reason as Failure).code).toBe("INVALID");
          }
        },
      ),
    );
  });

  test("with a long text keeps its start", () => {
    const raw = "é".repeat(2000);
    const report = parse({ kind: "reachable", evidence: { ...evidence, raw } }) as {
      evidence: { raw: string };
    };
    expect(report.evidence.raw).toBe("é".repeat(500));
  });
});
