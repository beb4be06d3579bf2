import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { testTerminal } from "../testing/test-terminal.ts";
import { LiveRegion } from "./live-region.ts";
import { makePrinter } from "./printer.ts";
import { tableLines } from "./table.ts";
import { cutTo, padTo, printable, widthOf } from "./text.ts";
import {
  bytesText,
  countText,
  durationText,
  parseDuration,
  parseMoment,
  whenText,
} from "./units.ts";

describe("text", () => {
  test("cut text never takes more cells than asked for, padded text never fewer", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.integer({ min: 0, max: 60 }),
        (raw, width) => {
          const text = printable(raw);
          expect(widthOf(cutTo(text, width))).toBeLessThanOrEqual(width);
          expect(widthOf(padTo(text, width))).toBeGreaterThanOrEqual(width);
        },
      ),
    );
  });

  test("printable text has no control or bidirectional characters, whatever went in", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (raw) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(printable(raw)),
      ),
    );
  });
});

describe("units", () => {
  test.each([
    [0, "0.0s"],
    [-5, "0s"],
    [420, "0.4s"],
    [9949, "9.9s"],
    [9950, "9s"],
    [61_000, "1m01s"],
    [3_600_000, "1h00m"],
    [90_000_000, "1d01h"],
  ])("%d ms reads %s", (ms, text) => expect(durationText(ms)).toBe(text));

  test("sizes keep three figures at most", () => {
    expect([0, 999, 1000, 153_024, 3_400_000, 70e9].map(countText)).toEqual([
      ...["0", "999", "1.0 thousand", "153 thousand", "3.4 million", "70 billion"],
    ]);
    expect([0, 1023, 1024, 1536, 20 * 1024 * 1024, 3 * 1024 ** 4].map(bytesText)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "20 MiB",
      "3.0 TiB",
    ]);
  });

  test("moments are how long ago, or dates", () => {
    const nowMs = Date.parse("2026-11-21T12:00:00Z");
    expect(parseMoment("2h", nowMs)).toBe(nowMs - 7_200_000);
    expect(parseMoment("2026-11-20T00:00:00Z", nowMs)).toBe(Date.parse("2026-11-20T00:00:00Z"));
    expect(whenText(nowMs - 65_400, nowMs)).toBe("1m05s ago");
    expect(whenText(nowMs - 30 * 86_400_000, nowMs)).toBe("2026-10-22");
    expect(() => parseMoment("yesterday", nowMs)).toThrow(/no point in time/u);
    expect(() => parseDuration("5")).toThrow(/no duration/u);
  });
});

test("a table's columns line up and its last one is cut at the terminal's edge", () => {
  const rows = [
    { a: "x", b: "short" },
    { a: "longer", b: "y".repeat(50) },
  ];
  const columns = [
    { title: "A", cell: (row: (typeof rows)[0]) => row.a },
    { title: "B", cell: (row: (typeof rows)[0]) => row.b },
  ];
  expect(tableLines(columns, rows, 20)).toEqual([
    "A       B",
    "x       short",
    `longer  ${"y".repeat(11)}…`,
  ]);
  expect(tableLines(columns, rows, Infinity)[2]).toBe(`longer  ${"y".repeat(50)}`);
});

describe("the printer", () => {
  test("NO_COLOR wins over a terminal and over FORCE_COLOR; a pipe has no colours", () => {
    const failure = new Failure("NOT_FOUND", "no run x");
    const texts = [
      testTerminal({ tty: true }),
      testTerminal({ tty: true, env: { NO_COLOR: "1", FORCE_COLOR: "1" } }),
      testTerminal({}),
      testTerminal({ env: { FORCE_COLOR: "1" } }),
    ].map((terminal) => {
      makePrinter(terminal, false).failure(failure);
      return terminal.err();
    });
    expect(texts.map((text) => text.includes("\u001b["))).toEqual([true, false, false, true]);
  });

  test("with --json a failure is one JSON line on stderr, and stdout stays empty", () => {
    const terminal = testTerminal();
    const printer = makePrinter(terminal, true);
    printer.line("dropped");
    printer.note("dropped");
    printer.failure(new Failure("UNAVAILABLE", "gone\nwith lines", { hint: "start it" }));
    expect(terminal.out()).toBe("");
    expect(JSON.parse(terminal.err())).toEqual({
      error: { code: "UNAVAILABLE", message: "gone\nwith lines", hint: "start it", retry: "later" },
    });
  });

  test("a failure names the thing and the way out", () => {
    const terminal = testTerminal();
    makePrinter(terminal, false).failure(
      new Failure("INVALID", "a.yaml has an error\n\u001b[31ma.yaml:3:1", { hint: "one\ntwo" }),
    );
    expect(terminal.err()).toBe(
      "error: a.yaml has an error\n\\x1b[31ma.yaml:3:1\n  → one\n  → two\n",
    );
  });
});

test("a live region goes back over exactly what it drew, and shows the cursor again", () => {
  const terminal = testTerminal();
  const region = new LiveRegion(terminal.stdout);
  region.draw(["one", "two"]);
  region.draw(["one", "two"]); // Nothing new: nothing written.
  region.draw(["one"]);
  region.finish(["done"]);
  expect(terminal.out()).toBe(
    "\u001b[?25lone\u001b[K\ntwo\u001b[K\n\u001b[J" +
      "\u001b[?25l\u001b[2A\rone\u001b[K\n\u001b[J" +
      "\u001b[?25l\u001b[1A\rdone\u001b[K\n\u001b[J\u001b[?25h",
  );
});
