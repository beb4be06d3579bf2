// Exit codes, usage and help of every command.

import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { cli } from "../testing/cli-run.ts";

test("an unknown command, option or value ends 2 and says what was meant", async () => {
  const cases: (readonly [string[], RegExp])[] = [
    [["lst"], /unknown command 'lst'[\s\S]*list/u],
    [["list", "--stat", "x"], /unknown option '--stat'[\s\S]*--state/u],
    [["list", "--limit", "many"], /"many" is no whole number/u],
    [["list", "--state", "done"], /"done" is no state[\s\S]*one of running, succeeded/u],
    [["get"], /missing required argument 'run-or-job'/u],
    [["get", "Not A Run"], /no run id[\s\S]*signalbox list/u],
    [["cluster", "add", "hpc"], /required option '--kind/u],
    [["token", "create", "--role", "god"], /Allowed choices are viewer, submitter, admin/u],
  ];
  for (const [args, expected] of cases) {
    const { code, terminal } = await cli(args, {});
    expect(code, args.join(" ")).toBe(2);
    expect(terminal.err()).toMatch(expected);
    expect(terminal.out()).toBe("");
  }
});

test("no scheduler known ends 3, one that does not answer too, each with the way out", async () => {
  const none = await cli(["list"], null);
  expect(none.code).toBe(3);
  expect(none.terminal.err()).toContain("signalbox up");
  const gone = await cli(["status"], null, { env: { SIGNALBOX_SERVER: "127.0.0.1:1" } });
  expect(gone.code).toBe(3);
  const away = await cli(["list", "--json"], null, { env: { SIGNALBOX_SERVER: "127.0.0.1:1" } });
  expect(away.code).toBe(3);
  expect(JSON.parse(away.terminal.err())).toMatchObject({
    error: { code: "UNAVAILABLE", retry: "later", hint: expect.stringContaining("signalbox up") },
  });
});

test("a refusal ends 3 and keeps the server's words and hint", async () => {
  const refused = {
    runs: {
      listRuns: () => Promise.reject(new Failure("FORBIDDEN", "viewer only", { hint: "ask" })),
    },
  };
  const { code, terminal } = await cli(["list"], refused);
  expect(code).toBe(3);
  expect(terminal.err()).toBe("error: viewer only\n  → ask\n");
});

test("with --json a wrong option is one JSON object on stderr too", async () => {
  const { code, terminal } = await cli(["list", "--stat", "x", "--json"], {});
  expect(code).toBe(2);
  expect(JSON.parse(terminal.err())).toMatchObject({
    error: { code: "INVALID", message: expect.stringContaining("--stat") },
  });
});

test("every command has help with examples, and help ends 0", async () => {
  const { terminal } = await cli(["--help"], null);
  const names = [
    ...terminal.out().matchAll(/^ {2}([a-z]+)(?: [<[][^\n]*?[>\]])?(?: \[args\.\.\.\])? {2,}\S/gmu),
  ].map((match) => match[1]!);
  expect(names).toEqual(
    expect.arrayContaining(["up", "run", "list", "why", "receipt", "completion"]),
  );
  for (const name of names.filter((it) => it !== "help")) {
    const help = await cli([name, "--help"], null);
    expect(help.code, name).toBe(0);
    expect(help.terminal.out(), name).toContain("Examples:\n  ");
  }
});
