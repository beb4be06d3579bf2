import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { testTerminal } from "../testing/test-terminal.ts";
import { clientContext, homeDirectory } from "./context.ts";

const SAVED = {
  grpc: "127.0.0.1:7400",
  http: "127.0.0.1:7401",
  token: "saved-token",
  namespace: "lab",
};

function home(file: object | null = SAVED): string {
  const directory = tempDirectory("context");
  onTestFinished(directory.remove);
  if (file !== null) writeFileSync(join(directory.path, "client.json"), JSON.stringify(file));
  return directory.path;
}

test("without flags and environment, client.json says it all", () => {
  expect(clientContext(testTerminal(), { home: home() })).toMatchObject({
    server: "127.0.0.1:7400",
    http: "127.0.0.1:7401",
    token: "saved-token",
    namespace: "lab",
  });
});

test("flags win over the environment, the environment over the file", () => {
  const env = {
    SIGNALBOX_SERVER: "env.host:1",
    SIGNALBOX_TOKEN: "env-token",
    SIGNALBOX_NAMESPACE: "env",
  };
  const flags = { home: home() };
  expect(clientContext(testTerminal({ env }), flags)).toMatchObject({
    server: "env.host:1",
    token: "env-token",
    namespace: "env",
  });
  const token = join(flags.home, "t");
  writeFileSync(token, "flag-token\n");
  const more = { ...flags, server: "[::1]:2", tokenFile: token, namespace: "flag" };
  expect(clientContext(testTerminal({ env }), more)).toMatchObject({
    server: "[::1]:2",
    token: "flag-token",
    namespace: "flag",
  });
});

test("a saved token is never sent to a scheduler it was not saved for", () => {
  const flags = { home: home() };
  expect(clientContext(testTerminal(), { ...flags, server: "evil.host:7400" }).token).toBeNull();
  expect(clientContext(testTerminal(), { ...flags, server: SAVED.grpc }).token).toBe("saved-token");
});

test("nothing to talk to is a NOT_FOUND that says how to get something", () => {
  expect(() => clientContext(testTerminal(), { home: home(null) })).toThrow(
    expect.objectContaining({ code: "NOT_FOUND", hint: expect.stringContaining("signalbox up") }),
  );
});

test.each([["http://x:1"], ["x"], ["x:1/y"], ["x:123456"]])("%s is no HOST:PORT", (server) => {
  expect(() => clientContext(testTerminal(), { home: home(null), server })).toThrow(
    /no HOST:PORT/u,
  );
});

test("a damaged client.json is named, with the way out", () => {
  const path = home({ grpc: "127.0.0.1:1" });
  expect(() => clientContext(testTerminal(), { home: path })).toThrow(
    /client\.json is damaged: no http/u,
  );
});

test("the home is the flag's, SIGNALBOX_HOME's, or in the XDG state folder", () => {
  const at = (env: object, flags = {}): string =>
    homeDirectory(testTerminal({ env: { HOME: "/h", ...env }, cwd: "/cwd" }), flags);
  expect(at({ SIGNALBOX_HOME: "/a" }, { home: "rel" })).toBe("/cwd/rel");
  expect(at({ SIGNALBOX_HOME: "/a", XDG_STATE_HOME: "/x" })).toBe("/a");
  expect(at({ XDG_STATE_HOME: "/x" })).toBe("/x/signalbox");
  expect(at({ XDG_STATE_HOME: "relative" })).toBe("/h/.local/state/signalbox");
});
