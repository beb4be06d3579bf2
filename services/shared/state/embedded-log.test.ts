// What the embedded driver adds to the suite: real processes, real deaths, damaged bytes, no room.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { open } from "lmdb";
import { afterAll, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { openEmbeddedLog } from "./embedded-log.ts";
import { DURABLE, UNSAFE_FLAGS } from "./lmdb-options.ts";
import type { EventLog } from "./log.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-embedded-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = (): string => mkdtempSync(join(root, "log-"));
const FIXTURE = join(import.meta.dirname, "embedded-log.fixture.ts");
const said = (text: string) => [{ actor: "run/lab/a", events: [{ type: "Said", text }] }];

interface Child {
  readonly process: ChildProcess;
  /** What it printed, one acknowledgement a line. */
  readonly lines: string[];
  readonly ended: Promise<void>;
}

function startChild(...argv: string[]): Child {
  const child = spawn(process.execPath, [FIXTURE, ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const closed = new Promise<void>((resolve) => reader.on("close", () => resolve()));
  const exited = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  return { process: child, lines, ended: Promise.all([closed, exited]).then(() => {}) };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function readAll(log: EventLog, partition = 0): Promise<string[]> {
  const lines: string[] = [];
  for await (const { record, hash } of log.read(partition, 1)) lines.push(`${record.n} ${hash}`);
  return lines;
}

test("kill -9 while appending loses nothing acknowledged, five times over", async () => {
  const path = freshPath();
  const acked: string[] = [];
  for (let round = 0; round < 5; round++) {
    const child = startChild("append", path, `writer-${round}`);
    await until(() => child.lines.length >= 40 + round * 7, "acknowledgements");
    child.process.kill("SIGKILL");
    await child.ended;
    acked.push(...child.lines);
    const log = openEmbeddedLog({ path, partitions: 2 });
    const kept = await readAll(log);
    await log.close();
    for (const line of acked) expect(kept[Number(line.split(" ")[0]) - 1]).toBe(line);
  }
  expect(acked.length).toBeGreaterThan(250);
});

test("a second process takes the log over and fences the first one", async () => {
  const path = freshPath();
  const first = startChild("append", path, "first");
  await until(() => first.lines.length >= 20, "the first writer");
  const second = startChild("append", path, "second");
  await first.ended;
  await until(() => second.lines.length >= 20, "the second writer");
  second.process.kill("SIGKILL");
  await second.ended;
  expect(first.lines.at(-1)).toBe("FENCED");
  const log = openEmbeddedLog({ path, partitions: 2 });
  const kept = await readAll(log);
  const acked = [...first.lines.slice(0, -1), ...second.lines];
  const places = acked.map((line) => line.split(" ")[0]);
  // Nobody was told the same place as somebody else.
  expect(new Set(places).size).toBe(places.length);
  for (const line of acked) expect(kept[Number(line.split(" ")[0]) - 1]).toBe(line);
  await log.close();
});

test("the environment holds the options that make a commit durable", async () => {
  // LMDB syncs pages with fdatasync, then writes the meta page through a second descriptor opened
  // with O_DSYNC; both fall away under noSync, the second under noMetaSync. lmdb-js's default
  // overlappingSync would return before the pages are synced.
  const path = freshPath();
  const log = openEmbeddedLog({ path, partitions: 2 });
  await log.claim(0, "one", 0);
  expect(Object.values<unknown>(DURABLE)).not.toContain(true);
  expect(() => open({ path, overlappingSync: true })).toThrow(/overlappingSync/);
  const flags = descriptorFlags(join(path, "data.mdb"));
  expect(flags.filter((it) => (it & 0o10000) !== 0)).toHaveLength(1);
  // The meta pages carry the environment's persistent flags.
  const file = readFileSync(join(path, "data.mdb"));
  for (const page of [0, 4096]) {
    const persistent = file.readUInt16LE(page + 16 + 24 + 4);
    expect(persistent & UNSAFE_FLAGS.MDB_OVERLAPPINGSYNC).toBe(0);
  }
  await log.close();
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

test("a file copied at any moment between commits is a whole log", async () => {
  // Stands in for a power cut in which everything synced survives and nothing else.
  const path = freshPath();
  const log = openEmbeddedLog({ path, partitions: 2 });
  const writer = await log.claim(0, "one", 0);
  for (let i = 0; i < 10; i++) {
    const { n } = await writer.append(said(String(i)), 0);
    const copy = freshPath();
    cpSync(join(path, "data.mdb"), join(copy, "data.mdb"));
    const restored = openEmbeddedLog({ path: copy, partitions: 2 });
    expect(await readAll(restored)).toHaveLength(n);
    await restored.close();
  }
  await log.close();
});

test("a stale epoch is refused by itself, also where the tail still fits", async () => {
  const path = freshPath();
  const log = openEmbeddedLog({ path, partitions: 2 });
  const writer = await log.claim(0, "one", 0);
  const env = open<Buffer, Buffer>({ ...DURABLE, path });
  const key = Buffer.from([0x68, 0, 0]);
  const head = JSON.parse(String(env.get(key))) as { epoch: number };
  env.putSync(key, Buffer.from(JSON.stringify({ ...head, epoch: head.epoch + 1 })));
  await env.close();
  const code = await writer.append(said("stale"), 0).catch((reason: Failure) => reason.code);
  expect(code).toBe("FENCED");
  expect(await readAll(log)).toHaveLength(1);
  await log.close();
});

test("a flipped byte anywhere in a record is found and the record named", async () => {
  const path = freshPath();
  const log = openEmbeddedLog({ path, partitions: 2 });
  const writer = await log.claim(1, "one", 0);
  for (const text of ["a", "b", "c"]) await writer.append(said(text), 0);
  const env = open<Buffer, Buffer>({ ...DURABLE, path });
  for (const sequence of [1, 2, 3, 4]) {
    const key = Buffer.from([0x72, 0, 1, 0, 0, 0, 0, 0, sequence]);
    const whole = Buffer.from(env.get(key) ?? []);
    for (let at = 0; at < whole.length; at += 3) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x20;
      env.putSync(key, damaged);
      const failure = await readAll(log, 1).then(
        () => null,
        (reason: unknown) => Failure.from(reason),
      );
      expect(failure?.code, `record ${sequence}, byte ${at}`).toMatch(/^(CORRUPT|UNSAFE)$/);
      // Its own bytes tell, or else the hash that the next one carries.
      expect(failure?.message).toMatch(
        new RegExp(`record (${sequence}|${sequence + 1}) of partition 1`),
      );
    }
    env.putSync(key, whole);
  }
  const gone = Buffer.from([0x72, 0, 1, 0, 0, 0, 0, 0, 2]);
  const kept = Buffer.from(env.get(gone) ?? []);
  env.removeSync(gone);
  await expect(readAll(log, 1)).rejects.toThrow(
    /record 2 of partition 1 is damaged: it is missing/,
  );
  env.putSync(gone, kept);
  expect(await readAll(log, 1)).toHaveLength(4);
  await env.close();
  await log.close();
});

test("a log with other partitions or of a later format is refused with what to set", async () => {
  const path = freshPath();
  await openEmbeddedLog({ path, partitions: 16 }).close();
  expect(() => openEmbeddedLog({ path, partitions: 8 })).toThrow(/16 partitions, not 8/);
  const env = open<Buffer, Buffer>({ ...DURABLE, path });
  env.putSync(Buffer.from("i"), Buffer.from('{"format":2,"partitions":16}'));
  await env.close();
  expect(() => openEmbeddedLog({ path, partitions: 16 })).toThrow(/format 2/);
});

test("no room on disk: FULL, nothing acknowledged lost, and on when there is room", async () => {
  // A file-size limit fails LMDB's writes in the same place as a full disk, and needs no root.
  const path = freshPath();
  const filled = spawnSync(
    "bash",
    [
      "-c",
      'trap "" XFSZ; ulimit -S -f 512; exec "$0" "$@"',
      process.execPath,
      FIXTURE,
      "fill",
      path,
      "one",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  await expectFullThenGoesOn(path, filled.stdout.trim().split("\n"));
});

// Where a mount is not allowed there is no such test: the one above takes the same path.
const unshare = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
const mayMount =
  spawnSync("unshare", [...unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
if (mayMount) {
  test("a really full file system does the same", fillSmallFileSystem);
}

async function fillSmallFileSystem(): Promise<void> {
  const path = freshPath();
  const saved = freshPath();
  const script =
    'mount -t tmpfs -o size=700k tmpfs "$1" && "$2" "$3" fill "$1" one; cp "$1/data.mdb" "$4/"';
  const filled = spawnSync(
    "unshare",
    [...unshare, "bash", "-c", script, "bash", path, process.execPath, FIXTURE, saved],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  await expectFullThenGoesOn(saved, filled.stdout.trim().split("\n"));
}

async function expectFullThenGoesOn(path: string, lines: string[]): Promise<void> {
  const acked = lines.slice(0, -1);
  expect(lines.at(-1)).toBe("FULL");
  expect(acked.length).toBeGreaterThan(3);
  const log = openEmbeddedLog({ path, partitions: 2 });
  expect(await readAll(log)).toEqual(acked);
  const writer = await log.claim(0, "two", 0);
  await writer.append(said("x".repeat(50_000)), 0);
  expect(await readAll(log)).toHaveLength(acked.length + 2);
  await log.close();
}

test("a full partition can still be claimed and read", async () => {
  const path = freshPath();
  const log = openEmbeddedLog({ path, partitions: 2, partitionBytesMax: 2_000 });
  const writer = await log.claim(0, "one", 0);
  await writer.append(said("x".repeat(1_700)), 0);
  expect(
    await writer.append(said("x".repeat(500)), 0).catch((reason: Failure) => reason.code),
  ).toBe("FULL");
  const next = await log.claim(0, "two", 0);
  expect(next.tail.n).toBe(3);
  expect(await readAll(log)).toHaveLength(3);
  await log.close();
});
