// `signalbox worker journal` and `worker manifest` read what a worker wrote.

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { requestKey, WORKER_TABLES, type RequestRow } from "#shared/base/worker-state.ts";
import { openStore } from "#shared/state/store.ts";
import { cli, folder } from "../testing/cli-run.ts";

function row(serial: number, end: string | null): RequestRow {
  return {
    ...{ serial, id: `q${serial}`, fence: 1, router: "login1:7070", promptTokens: 7 },
    ...{ startedMs: Date.now() - 5_000, tokens: 10 * serial, end },
    endedMs: end === null ? null : Date.now() - 3_000,
  };
}

/** A state directory that is still open, as a running worker's is. */
async function written(): Promise<string> {
  const path = join(folder(), "state");
  const store = openStore({ path });
  onTestFinished(() => store.close());
  const ended = [row(3, "lost"), row(1, "stop"), row(2, "length")];
  const put = (table: string, key: string, value: unknown) => {
    return { kind: "put" as const, table, key, value };
  };
  const file = { bytes: 5, mtimeMs: 1, inode: 1 };
  await store.commit([
    ...ended.map((it) => put(WORKER_TABLES.ended, requestKey(it.serial), it)),
    put(WORKER_TABLES.running, requestKey(4), row(4, null)),
    put(WORKER_TABLES.files, "model.safetensors", { ...file, sha256: "ab".repeat(32) }),
    put(WORKER_TABLES.files, "config.json", { ...file, sha256: null }),
    put(WORKER_TABLES.about, "model", { folder: "/m", fingerprint: "f", tokenizerSha256: "t" }),
  ]);
  return path;
}

test("the journal, the newest last, as a table, as JSON, and of one end", async () => {
  const path = await written();
  const { code, terminal } = await cli(["worker", "journal", path, "--limit", "3"], null);
  expect(code).toBe(0);
  const [title, ...lines] = terminal.out().trimEnd().split("\n");
  expect(title).toMatch(/^STARTED +TOOK +END +PROMPT +OUTPUT +ROUTER +REQUEST$/u);
  expect(lines.map((line) => line.replace(/^\S+ ago +/u, "").replaceAll(/ +/gu, " "))).toEqual([
    "2.0s length 7 20 login1:7070 q2",
    "- lost 7 30 login1:7070 q3",
    "- running 7 40 login1:7070 q4",
  ]);
  expect(terminal.err()).toContain("there are 1 more: --limit 30 shows them");
  const lost = await cli(["worker", "journal", path, "--end", "lost", "--json"], null);
  expect(lost.terminal.json()).toMatchObject([{ id: "q3", end: "lost", tokens: 30 }]);
});

test("the manifest is in sha256sum's lines; what is not hashed yet is named beside it", async () => {
  const path = await written();
  const { code, terminal } = await cli(["worker", "manifest", path], null);
  expect(code).toBe(0);
  expect(terminal.out()).toBe(`${"ab".repeat(32)}  model.safetensors\n`);
  expect(terminal.err()).toContain("config.json is not hashed yet");
  const json = await cli(["worker", "manifest", path, "--json"], null);
  expect(json.terminal.json()).toMatchObject({
    model: { folder: "/m", fingerprint: "f" },
    files: [{ file: "config.json", sha256: null }, { file: "model.safetensors" }],
  });
});

test("a directory that is no worker's is refused, and so is a worker without a configuration", async () => {
  const nothing = await cli(["worker", "journal", folder()], null);
  expect(nothing.code).toBe(3);
  expect(nothing.terminal.err()).toMatch(/no worker has kept anything in .*`state`/su);
  const bare = await cli(["worker"], null);
  expect(bare.code).toBe(2);
  expect(bare.terminal.err()).toContain("required option '--config <file>' not specified");
});
