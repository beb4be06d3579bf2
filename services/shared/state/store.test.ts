// Both stores behave alike, and the LMDB one keeps what it acknowledged.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { open } from "lmdb";
import { afterAll, describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { DURABLE } from "./lmdb-options.ts";
import { prepareLocalDirectory } from "./local-disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { openStore } from "./store.ts";
import type { Store, StoreOp } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = (): string => mkdtempSync(join(root, "s-"));
const put = (table: string, key: string, value: unknown): StoreOp => ({
  kind: "put",
  table,
  key,
  value,
});
const remove = (table: string, key: string): StoreOp => ({ kind: "delete", table, key });

describe.each([
  ["lmdb", () => openStore({ path: freshPath() })],
  ["memory", () => new MemoryStore()],
])("the %s store", (_, make: () => Store) => {
  test("gives back what was put, in its table only, before and after the flush", async () => {
    const store = make();
    const done = store.commit([
      put("a", "k", { n: 1 }),
      put("b", "k", "other"),
      put("a", "bytes", Buffer.from([0, 255])),
    ]);
    expect(store.get("a", "k")).toEqual({ n: 1 });
    await done;
    expect(store.get("a", "k")).toEqual({ n: 1 });
    expect(store.get("b", "k")).toBe("other");
    expect(store.get("a", "bytes")).toEqual(new Uint8Array([0, 255]));
    expect(store.get("c", "k")).toBeUndefined();
    await store.commit([remove("a", "k")]);
    expect(store.get("a", "k")).toBeUndefined();
    await store.close();
  });

  test("a value changed after it was handed in is stored as it was", async () => {
    const store = make();
    const value = { n: 1 };
    const done = store.commit([put("a", "k", value)]);
    value.n = 2;
    await done;
    expect(store.get("a", "k")).toEqual({ n: 1 });
    await store.close();
  });

  test("ranges see pending rows, honour bounds, limit and direction", async () => {
    const store = make();
    await store.commit(["a", "b", "c", "d"].map((key) => put("t", key, key)));
    store.commitLazy([put("t", "bb", "bb"), remove("t", "c"), put("u", "a", 1)]);
    const keys = (options = {}) => store.range("t", options).map((row) => row.key);
    expect(keys()).toEqual(["a", "b", "bb", "d"]);
    expect(keys({ reverse: true, limit: 2 })).toEqual(["d", "bb"]);
    expect(keys({ from: "b", to: "d" })).toEqual(["b", "bb"]);
    expect(keys({ from: "b", to: "d", reverse: true })).toEqual(["bb", "b"]);
    await store.flushed();
    expect(keys({ limit: 3 })).toEqual(["a", "b", "bb"]);
    expect(keys({ from: "b", to: "d", reverse: true })).toEqual(["bb", "b"]);
    await store.close();
  });

  test("wiping leaves nothing", async () => {
    const store = make();
    await store.commit([put("a", "k", 1)]);
    store.commitLazy([put("b", "k", 1)]);
    await store.wipe();
    expect(store.range("a")).toEqual([]);
    expect(store.get("b", "k")).toBeUndefined();
    await store.close();
  });

  test("a key that is too long is refused", () => {
    expect(() => make().commitLazy([put("a", "k".repeat(1025), 1)])).toThrow(Failure);
  });
});

test("any history of batches leaves both stores alike, also after reopening", async () => {
  const key = fc.constantFrom("", "a", "aa", "b", "é", "\u{10000}", "\uffff");
  const op = fc.oneof(
    fc.record({
      kind: fc.constant("put" as const),
      table: fc.constantFrom("t", "u"),
      key,
      value: fc.jsonValue(),
    }),
    fc.record({ kind: fc.constant("delete" as const), table: fc.constantFrom("t", "u"), key }),
  );
  const step = fc.record({ ops: fc.array(op, { maxLength: 5 }), lazy: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const path = freshPath();
      const [real, twin] = [openStore({ path }), new MemoryStore()];
      for (const { ops, lazy } of steps) {
        for (const store of [real, twin]) {
          if (lazy) store.commitLazy(ops);
          else await store.commit(ops);
        }
        expect(real.range("t")).toEqual(twin.range("t"));
        expect(real.range("u", { reverse: true, limit: 2 })).toEqual(
          twin.range("u", { reverse: true, limit: 2 }),
        );
      }
      await real.close();
      const again = openStore({ path });
      expect(again.range("t")).toEqual(twin.range("t"));
      await again.close();
    }),
    { numRuns: 40 },
  );
});

test("commits of one turn share one transaction", async () => {
  const path = freshPath();
  const store = openStore({ path });
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.commit([put("t", String(i), i)])));
  await store.close();
  const env = open({ ...DURABLE, path });
  expect((env.getStats() as { lastTxnId: number }).lastTxnId).toBe(1);
  await env.close();
});

test("the environment's pages and meta page are synced by every commit", async () => {
  const path = freshPath();
  const store = openStore({ path });
  await store.commit([put("t", "k", 1)]);
  // overlappingSync is off: asking for it on the same environment is refused by lmdb-js.
  expect(() => open({ path, overlappingSync: true })).toThrow(/overlappingSync/);
  // Neither noSync nor noMetaSync: only then LMDB opens a second descriptor with O_DSYNC.
  expect(descriptorFlags(join(path, "data.mdb")).some((flags) => (flags & 0o10000) !== 0)).toBe(
    true,
  );
  await store.close();
});

function descriptorFlags(file: string): number[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== file) return [];
      const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
      return flags === undefined ? [] : [Number.parseInt(flags, 8)];
    } catch {
      return []; // Closed while we looked.
    }
  });
}

test("a row damaged on disk is named", async () => {
  const path = freshPath();
  const env = open<Buffer, Buffer>({ ...DURABLE, path });
  env.putSync(Buffer.from("t\0k"), Buffer.from([0, 0x7b]));
  await env.close();
  const store = openStore({ path });
  expect(() => store.get("t", "k")).toThrow(/t.*k.*damaged/);
  await store.close();
});

test("network file systems are refused with a way out, local ones are not", () => {
  const path = freshPath();
  const probe = (type: number, mounts = "") => ({ typeOf: () => type, mounts: () => mounts });
  expect(() => prepareLocalDirectory(path, probe(0x6969))).toThrow(/NFS/);
  expect(() => prepareLocalDirectory(path, probe(-0x00acb2be))).toThrow(/CIFS|SMB2/);
  expect(() => prepareLocalDirectory(path, probe(0xef53))).not.toThrow();
  const fuse = 0x65735546;
  expect(() =>
    prepareLocalDirectory(path, probe(fuse, "me / fuse.fuse-overlayfs rw\n")),
  ).not.toThrow();
  expect(() =>
    prepareLocalDirectory(path, probe(fuse, `x / ext4 rw\nme ${path} fuse.sshfs rw\n`)),
  ).toThrow(/sshfs/);
});

test("no room: refused, nothing acknowledged lost, and on when there is room", async () => {
  // A file-size limit stands in for a full disk: the write fails in the same place, without root.
  const path = freshPath();
  const child = spawn(
    "bash",
    [
      "-c",
      'trap "" XFSZ; ulimit -S -f 512; exec "$0" "$@"',
      process.execPath,
      join(import.meta.dirname, "store-full.fixture.ts"),
      path,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  const { acked, refused } = JSON.parse(output) as { acked: number; refused: string };
  expect(refused).toBe("FULL");
  expect(acked).toBeGreaterThan(3);
  const store = openStore({ path });
  expect(store.range("t").map((row) => row.key)).toEqual(
    Array.from({ length: acked }, (_, i) => `k${String(i).padStart(4, "0")}`),
  );
  await store.commit([put("t", "later", "x".repeat(50_000))]);
  expect(store.get("t", "later")).toHaveLength(50_000);
  await store.close();
});
