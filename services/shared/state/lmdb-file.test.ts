import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { checkLmdbFile } from "./lmdb-file.ts";
import { DURABLE } from "./lmdb-options.ts";

async function environment(rows: number): Promise<{ folder: string; file: string }> {
  const { path, remove } = tempDirectory("lmdb-file");
  onTestFinished(remove);
  const env = open<Buffer, Buffer>({ ...DURABLE, path });
  const db = env.openDB<Buffer, Buffer>({ ...DURABLE, name: "rows" });
  for (let at = 0; at < rows; at++) await db.put(Buffer.from(`row ${at}`), Buffer.alloc(2000, at));
  await env.close();
  return { folder: path, file: join(path, "data.mdb") };
}

test("what is healthy passes: nothing yet, just made, and written to again and again", async () => {
  const { path, remove } = tempDirectory("lmdb-file");
  onTestFinished(remove);
  checkLmdbFile(path);
  writeFileSync(join(path, "data.mdb"), "");
  checkLmdbFile(path);
  for (const rows of [0, 1, 60]) checkLmdbFile((await environment(rows)).folder);
});

test("a file cut short or overwritten at its head is refused by its name", async () => {
  const { folder, file } = await environment(60);
  const whole = readFileSync(file);
  const cuts = [100, 4096, 5000, 8192, 12_000].map((length) => whole.subarray(0, length));
  const noise = Buffer.concat([Buffer.alloc(8192, 0x5a), whole.subarray(8192)]);
  const half = Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(4096), whole.subarray(8192)]);
  for (const damaged of [...cuts, noise, half, Buffer.from("text")]) {
    writeFileSync(file, damaged);
    expect(() => checkLmdbFile(folder)).toThrow(`${file} is damaged`);
  }
  writeFileSync(file, whole);
  checkLmdbFile(folder);
});
