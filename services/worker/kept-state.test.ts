// What a worker keeps over its end, with real LMDB: the model's files by their hashes, what became
// of them, and a worker that serves all the same where nothing can be kept.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { WORKER_TABLES, type FileRow } from "#shared/base/worker-state.ts";
import { openStore } from "#shared/state/store.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { KeptState } from "./kept-state.ts";
import { simulatedEngine } from "./worker-world.fixture.ts";

/** A thread is started for every time that a directory is opened. */
const SLOW_MS = 120_000;

interface Line {
  readonly msg: string;
  readonly code?: string;
  readonly hint?: string;
  readonly file?: string;
  readonly change?: string;
}

function place(): string {
  const directory = tempDirectory("kept");
  onTestFinished(directory.remove);
  return directory.path;
}

/** A worker's state as it begins to serve `folder`. */
async function begin(
  path: string,
  folder: string | null = null,
  fingerprint = "f",
  warmBlocks = 8,
) {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const logger = createLogger({ service: "test", destination });
  const metrics = createMetrics("worker");
  const engine = simulatedEngine();
  onTestFinished(() => engine.unload());
  const model = folder === null ? null : { folder, fingerprint, tokenizerSha256: "t" };
  const kept = await KeptState.open({
    ...{ path, engine, model, warmBlocks, logger, metrics },
    ...{ clock: systemClock, timers: systemTimers },
  });
  const metric = async (name: string): Promise<number> => {
    const line = (await metrics.render()).split("\n").find((it) => it.startsWith(`${name}{`));
    return Number(line?.split(" ").at(-1));
  };
  return { kept, lines, metric };
}

function filesIn(path: string): Map<string, FileRow> {
  const store = openStore({ path });
  const rows = store.range<FileRow>(WORKER_TABLES.files);
  void store.close();
  return new Map(rows.map(({ key, value }) => [key, value]));
}

const sha256 = (file: string): string =>
  createHash("sha256").update(readFileSync(file)).digest("hex");

async function served(path: string, folder: string, fingerprint = "f") {
  const world = await begin(path, folder, fingerprint);
  await world.kept?.workWhileIdle(() => true);
  await world.kept?.close();
  return { ...world, files: filesIn(path) };
}

test(
  "files are hashed once; a changed, a new and a missing one are named",
  async () => {
    const [path, folder] = [place(), place()];
    const weights = join(folder, "model.safetensors");
    writeFileSync(weights, Buffer.alloc(1_300_000, 7)); // More than two pieces.
    utimesSync(weights, 1_700_000_000, 1_700_000_000);
    for (const name of ["config.json", "moved.json", "touched.json"]) {
      writeFileSync(join(folder, name), "{}");
      utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
    }
    writeFileSync(join(folder, "pytorch_model.bin"), "the same weights for somebody else");
    const first = await served(path, folder);
    const names = ["config.json", "model.safetensors", "moved.json", "touched.json"];
    expect([...first.files.keys()]).toEqual(names);
    expect(first.files.get("model.safetensors")?.sha256).toBe(sha256(weights));
    expect(first.lines.map(({ msg }) => msg)).toEqual(["the model's files are hashed"]);

    // In place and at the same time as it was: who read it again would find other content.
    writeFileSync(weights, Buffer.alloc(1_300_000, 8), { flag: "r+" });
    utimesSync(weights, 1_700_000_000, 1_700_000_000);
    const second = await served(path, folder);
    expect(second.files).toEqual(first.files);
    expect(second.lines).toEqual([]);

    // Its fingerprint tells: no hash of before is believed.
    const third = await served(path, folder, "g");
    expect(third.files.get("model.safetensors")?.sha256).toBe(sha256(weights));
    expect(third.lines.map(({ msg }) => msg)).toContain(
      "the model is not the one last served from there",
    );
    expect(third.lines.map(({ msg }) => msg)).toContain(
      "model.safetensors has other content than before",
    );

    writeFileSync(weights, "shorter");
    writeFileSync(join(folder, "tokenizer.json"), "{}");
    rmSync(join(folder, "config.json"));
    utimesSync(join(folder, "touched.json"), 1_700_000_000, 1_700_000_001);
    writeFileSync(join(folder, "moved.json.new"), "[]"); // As long and as old, and another file.
    utimesSync(join(folder, "moved.json.new"), 1_700_000_000, 1_700_000_000);
    renameSync(join(folder, "moved.json.new"), join(folder, "moved.json"));
    const fourth = await served(path, folder, "g");
    const named = fourth.lines.filter(({ change }) => change !== undefined);
    expect(named.map(({ file, change }) => `${file} ${change}`)).toEqual([
      ...["config.json removed", "model.safetensors changed", "moved.json changed"],
      ...["touched.json changed", "tokenizer.json added"],
    ]);
    const said = fourth.lines.map(({ msg }) => msg);
    expect(said).toContain("touched.json has the same content as before");
    expect(said).toContain("moved.json has other content than before");
    expect([...fourth.files.keys()]).toEqual([
      ...["model.safetensors", "moved.json", "tokenizer.json", "touched.json"],
    ]);
    expect(fourth.files.get("model.safetensors")?.sha256).toBe(sha256(weights));

    // Of one folder it says nothing about another one's files.
    const other = place();
    writeFileSync(join(other, "model.safetensors"), "other weights");
    const fifth = await served(path, other);
    expect(fifth.lines.map(({ msg }) => msg)).toEqual(["the model's files are hashed"]);
    expect([...fifth.files.keys()]).toEqual(["model.safetensors"]);
  },
  SLOW_MS,
);

test(
  "prefixes are computed again for the model that they came to, and for no other",
  async () => {
    const [path, folder] = [place(), place()];
    const prompt = Array.from({ length: 3 * 32 }, (_, at) => at);
    const asked = { id: "q", fence: 1, dispatch: 0, request: { prompt, sampling: {} } };
    const kept = (): boolean => {
      const store = openStore({ path });
      const row = store.get(WORKER_TABLES.warm, "prefixes");
      void store.close();
      return row !== undefined;
    };
    const run = async (
      fingerprint: string,
      warmBlocks: number,
      prompts: number,
    ): Promise<number> => {
      const world = await begin(path, folder, fingerprint, warmBlocks);
      for (let i = 0; i < prompts; i++) world.kept?.onAdmitted(asked, "r:1").onEnded("stop");
      await world.kept?.workWhileIdle(() => true);
      await world.kept?.close();
      return (await world.metric("signalbox_worker_warmed_blocks_total")) || 0;
    };
    expect(await run("f", 8, 2)).toBe(0);
    expect(await run("f", 8, 0)).toBe(3);
    expect(await run("g", 8, 0)).toBe(0);
    expect(kept()).toBe(false);
    await run("f", 8, 2);
    expect(kept()).toBe(true);
    expect(statSync(join(path, "data.mdb")).mode & 0o777).toBe(0o600); // Parts of prompts.
    expect(await run("f", 0, 2)).toBe(0); // Switched off.
    expect(kept()).toBe(false);
  },
  SLOW_MS,
);

/** Nothing is kept at `path`, with that code, and one line says so. */
async function refused(path: string, code: string): Promise<void> {
  const { kept, lines, metric } = await begin(path);
  expect(kept, path).toBeNull();
  expect(lines.map((line) => line.code)).toEqual([code]);
  expect(lines[0]?.msg).toContain(
    "requests, hashes of the model's files and warm prefixes are not",
  );
  expect(await metric("signalbox_worker_state_up")).toBe(0);
}

test(
  "where nothing can be kept that is said, and no more; a directory may be deleted",
  async () => {
    const [root, folder] = [place(), place()];
    writeFileSync(join(folder, "config.json"), "{}");
    writeFileSync(join(root, "file"), "");
    await refused(join(root, "file", "state"), "INTERNAL");

    const path = join(root, "state");
    const { kept: owner } = await begin(path, folder);
    await refused(path, "CONFLICT");
    await owner?.close();

    const file = join(path, "data.mdb");
    const bytes = readFileSync(file);
    bytes.fill(0xff, 8_192); // Behind the meta pages, which are looked at before LMDB is.
    writeFileSync(file, bytes);
    await refused(path, "CORRUPT");

    // What another version wrote is not read.
    rmSync(path, { recursive: true });
    const other = openStore({ path });
    const rows = Object.entries({ version: 99, next: "seven", model: [] });
    await other.commit(rows.map(([key, value]) => ({ kind: "put", table: "about", key, value })));
    await other.close();
    await (await begin(path, folder)).kept?.close();
    const again = openStore({ path });
    expect(again.get("about", "version")).toBe(1);
    expect(again.get("about", "next")).not.toBe("seven");
    await again.close();

    rmSync(path, { recursive: true });
    const { kept, lines, metric } = await begin(path, folder);
    expect(lines).toEqual([]);
    expect(await metric("signalbox_worker_state_up")).toBe(1);

    // A request after a quiet time is written while it runs.
    const inside = (table: string): number => {
      const store = openStore({ path });
      const { length } = store.range(table);
      void store.close();
      return length;
    };
    let seen = 0; // More than once: its answer is heard of a moment later.
    await waitFor(() => inside(WORKER_TABLES.files) === 1 && ++seen > 5, 20_000);
    const request = { prompt: [1, 2, 3], sampling: {} };
    kept?.onAdmitted({ id: "q", fence: 1, dispatch: 0, request }, "r:1");
    await waitFor(() => inside(WORKER_TABLES.running) === 1, 20_000);
    await kept?.close();
  },
  SLOW_MS,
);
