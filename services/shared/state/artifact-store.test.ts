import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { ArtifactStore } from "./artifact-store.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-artifacts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function fresh(artifactBytesMax?: number): Promise<ArtifactStore> {
  const store = new ArtifactStore({
    root: mkdtempSync(join(root, "a-")),
    ...(artifactBytesMax === undefined ? {} : { artifactBytesMax }),
  });
  await store.open();
  return store;
}
const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const bytesOf = async (store: ArtifactStore, digest: string, verify = false): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(store.read(digest, { verify })));
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "",
    (reason: unknown) => Failure.from(reason).code,
  );
const leftovers = (store: ArtifactStore): string[] => readdirSync(join(store.root, "tmp"));

test("what goes in comes out under the digest of its bytes, however it was cut", async () => {
  const store = await fresh();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }),
      async (chunks) => {
        const whole = Buffer.concat(chunks);
        expect(await store.put(chunks)).toEqual({
          digest: digestOf(whole),
          sizeBytes: whole.length,
        });
        expect((await bytesOf(store, digestOf(whole), true)).equals(whole)).toBe(true);
        expect(await store.sizeOf(digestOf(whole))).toBe(whole.length);
      },
    ),
    { numRuns: 30 },
  );
  expect(leftovers(store)).toEqual([]);
});

test("a body with another digest than announced is refused and leaves nothing", async () => {
  const store = await fresh();
  const wrong = digestOf(Buffer.from("other"));
  expect(await codeOf(store.put([Buffer.from("body")], wrong))).toBe("INVALID");
  expect(await store.sizeOf(wrong)).toBeNull();
  expect(leftovers(store)).toEqual([]);
});

test("a source that breaks off leaves nothing", async () => {
  const store = await fresh();
  async function* source(): AsyncGenerator<Buffer> {
    yield Buffer.from("half");
    throw new Error("the sender died");
  }
  await expect(store.put(source())).rejects.toThrow("the sender died");
  expect(leftovers(store)).toEqual([]);
});

test("many writers of one content all succeed", async () => {
  const store = await fresh();
  const body = Buffer.alloc(3_000_000, 7);
  await Promise.all(Array.from({ length: 8 }, () => store.put([body])));
  expect((await bytesOf(store, digestOf(body), true)).equals(body)).toBe(true);
});

test("artifacts are sealed, links share them, copies are files of their own", async () => {
  const store = await fresh();
  const { digest } = await store.put([Buffer.from("body")]);
  expect(statSync(store.pathOf(digest)).mode & 0o777).toBe(0o444);
  const [linked, copied, executable] = ["linked", "copied", "executable"].map((name) =>
    join(store.root, name),
  ) as [string, string, string];
  await store.linkTo(digest, linked);
  await store.copyTo(digest, copied);
  await store.linkTo(digest, executable, { executable: true });
  expect(statSync(linked).ino).toBe(statSync(store.pathOf(digest)).ino);
  expect(statSync(copied).ino).not.toBe(statSync(store.pathOf(digest)).ino);
  expect(statSync(copied).mode & 0o777).toBe(0o644);
  expect(statSync(executable).mode & 0o777).toBe(0o555);
  expect(readFileSync(executable, "utf8")).toBe("body");
});

test("what is not here is NOT_FOUND, what is no digest INVALID", async () => {
  const store = await fresh();
  const digest = digestOf(Buffer.from("absent"));
  expect(await codeOf(bytesOf(store, digest))).toBe("NOT_FOUND");
  expect(await codeOf(store.linkTo(digest, join(store.root, "x")))).toBe("NOT_FOUND");
  expect(await codeOf(store.copyTo(digest, join(store.root, "x")))).toBe("NOT_FOUND");
  for (const bad of ["", "sha256:..", "../../etc/passwd", `sha256:${"A".repeat(64)}`]) {
    expect(() => store.pathOf(bad)).toThrow(Failure);
  }
});

test("a damaged artifact is found by verifying", async () => {
  const store = await fresh();
  const { digest } = await store.put([Buffer.from("body")]);
  chmodSync(store.pathOf(digest), 0o644);
  writeFileSync(store.pathOf(digest), "bodx");
  expect(await codeOf(store.verify(digest))).toBe("CORRUPT");
});

test("one that is too large is refused", async () => {
  const store = await fresh(10);
  expect(await codeOf(store.put([Buffer.alloc(6), Buffer.alloc(5)]))).toBe("INVALID");
  expect(leftovers(store)).toEqual([]);
});

test("opening removes what abandoned puts left, not what is under way", async () => {
  const store = await fresh();
  const [old, young] = [join(store.root, "tmp", "old"), join(store.root, "tmp", "young")];
  writeFileSync(old, "");
  writeFileSync(young, "");
  utimesSync(old, 0, 0);
  await store.open();
  expect(leftovers(store)).toEqual(["young"]);
});

test("no room: refused with FULL, nothing left behind", async () => {
  const path = join(root, "full");
  mkdirSync(path);
  const program = `
    const { ArtifactStore } = await import(process.argv[1]);
    const store = new ArtifactStore({ root: process.argv[2] });
    await store.open();
    const kept = await store.put([Buffer.alloc(100_000, 1)]);
    const large = store.put([Buffer.alloc(5_000_000, 2)]);
    const code = await large.then(() => "", (reason) => reason.code);
    process.stdout.write(JSON.stringify({ kept: kept.sizeBytes, code }));`;
  const child = spawn(
    "bash",
    [
      "-c",
      'trap "" XFSZ; ulimit -S -f 1000; exec "$0" "$@"',
      process.execPath,
      "--input-type=module",
      "-e",
      program,
      join(import.meta.dirname, "artifact-store.ts"),
      path,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  expect(JSON.parse(output)).toEqual({ kept: 100_000, code: "FULL" });
  expect(readdirSync(join(path, "tmp"))).toEqual([]);
});
