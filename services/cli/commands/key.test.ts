// `signalbox key`: the key stays with who made it, its hash goes to the control plane.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { cli, folder } from "../testing/cli-run.ts";

type AddKeyRequest = signalbox.control.v1.IAddKeyRequest;

/** Answers as the control plane does, and keeps what it was sent. */
function keeper(): { readonly sent: AddKeyRequest[]; readonly handlers: object } {
  const sent: AddKeyRequest[] = [];
  const addKey = async (request: AddKeyRequest): Promise<object> => {
    sent.push(request);
    return { key: { ...request, createdAtMs: Date.now() }, existed: false };
  };
  return { sent, handlers: { keys: { addKey } } };
}

test("a new key is printed once; the control plane is sent its hash and what it allows", async () => {
  const { sent, handlers } = keeper();
  const args = ["key", "new", "--name", "ada", "--namespace", "lab", "--models", "a, b"];
  const limits = ["--requests-per-minute", "60", "--priority-max", "high"];
  const { code, terminal } = await cli([...args, ...limits], handlers);
  expect(code).toBe(0);
  const key = terminal.out().trim();
  expect(key).toMatch(/^sk-sb-[\w-]{43}$/u);
  expect(terminal.err()).not.toContain(key);
  expect(terminal.err()).toContain("60 requests/min");
  expect(sent).toMatchObject([
    {
      ...{ namespace: "lab", name: "ada", models: ["a", "b"], requestsPerMinute: 60 },
      ...{ sha256: createHash("sha256").update(key).digest("hex"), tokensPerMinute: 0 },
      ...{ priority: "normal", priorityMax: "high" },
    },
  ]);
  expect(JSON.stringify(sent)).not.toContain(key);
});

test("into a file only its owner reads; of a key that is there already only the hash is sent", async () => {
  const { sent, handlers } = keeper();
  const cwd = folder();
  const out = await cli(["key", "new", "--out", "my.key", "--json"], handlers, { cwd });
  const file = join(cwd, "my.key");
  const key = readFileSync(file, "utf8").trim();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(out.terminal.out()).not.toContain(key);
  expect(JSON.parse(out.terminal.out())).toMatchObject({ file: "my.key", sha256: sent[0]?.sha256 });
  const sha256 = "ab".repeat(32);
  const known = await cli(["key", "new", "--sha256", sha256, "--json"], handlers);
  expect(JSON.parse(known.terminal.out())).toMatchObject({ key: null, added: { sha256 } });
  expect(sent[1]).toMatchObject({ sha256, name: `default-${sha256.slice(0, 8)}` });
  for (const wrong of [
    ["--sha256", "sk-sb-a-key"],
    ["--name", "a b"],
    ["--concurrent", "0"],
  ]) {
    expect((await cli(["key", "new", ...wrong], handlers)).code).toBe(2);
  }
  expect(sent).toHaveLength(2);
});

test("an addition whose answer is lost is sent again, as the same key", async () => {
  const sent: AddKeyRequest[] = [];
  const addKey = async (request: AddKeyRequest): Promise<object> => {
    sent.push(request);
    if (sent.length === 1) throw new Failure("UNAVAILABLE", "restarting");
    return { key: request, existed: true };
  };
  const { code, terminal } = await cli(["key", "new", "--name", "ada"], { keys: { addKey } });
  expect(code).toBe(0);
  expect(sent).toHaveLength(2);
  expect(sent[1]).toEqual(sent[0]);
  const hash = createHash("sha256").update(terminal.out().trim()).digest("hex");
  expect(sent[0]?.sha256).toBe(hash);
});

test("list shows what each allows and which are revoked; revoke names the key", async () => {
  const atMs = Date.now() - 60_000;
  const ada = {
    ...{ namespace: "default", name: "ada", sha256: "aa".repeat(32), priority: "normal" },
    ...{ priorityMax: "high", requestsPerMinute: 60, concurrent: 8, createdAtMs: atMs },
  };
  const bob = { ...ada, name: "bob", models: ["m"], requestsPerMinute: 0, revokedAtMs: atMs };
  const handlers = {
    keys: {
      listKeys: async () => ({ keys: [ada, { ...bob, concurrent: 0 }] }),
      revokeKey: async ({ name }: { name?: string | null }) => {
        if (name !== "ada") throw new Failure("NOT_FOUND", `there is no key ${name}`);
        return { key: { ...ada, revokedAtMs: atMs } };
      },
    },
  };
  const { terminal } = await cli(["key", "list"], handlers);
  const [, first = "", second = ""] = terminal.out().split("\n");
  expect(first).toMatch(
    /^ada +all +normal, up to high +60 requests\/min, 8 at once +1m\S* ago +-$/,
  );
  expect(second).toMatch(/^bob +m +normal, up to high +no limits +1m\S* ago +1m\S* ago$/);
  const revoked = await cli(["key", "revoke", "ada"], handlers);
  expect(revoked.terminal.out()).toContain("key ada of default is revoked");
  const none = await cli(["key", "revoke", "eve"], handlers);
  expect(none.code).toBe(3);
  expect(none.terminal.err()).toContain("there is no key eve");
});
