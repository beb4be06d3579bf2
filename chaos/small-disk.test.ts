// A disk of a run that was killed is gone, also while what the run had started is still in it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { SmallDisk, whyNoSmallDisk } from "./small-disk.ts";

const why = whyNoSmallDisk();
const GONE_MS = 20_000;

function isMounted(path: string): boolean {
  return readFileSync("/proc/self/mounts", "utf8").includes(` ${path} tmpfs `);
}

test.skipIf(why !== null)(`a killed run leaves nothing mounted (${why ?? "root"})`, async () => {
  const directory = tempDirectory("small-disk");
  onTestFinished(directory.remove);
  const fixture = join(import.meta.dirname, "small-disk.fixture.ts");
  const run = spawn(process.execPath, [fixture, directory.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void run.kill("SIGKILL"));
  const [line] = await once(run.stdout, "data");
  const dweller = Number(String(line));
  onTestFinished(() => void process.kill(dweller, "SIGKILL"));
  expect(isMounted(directory.path)).toBe(true);
  run.kill("SIGKILL");
  await waitFor(() => !isMounted(directory.path), GONE_MS, "the disk of the killed run is gone");
  process.kill(dweller, 0); // It is still there.
});

test.skipIf(why !== null)(`so does one that ends as it should (${why ?? "root"})`, () => {
  const directory = tempDirectory("small-disk");
  onTestFinished(directory.remove);
  const disk = SmallDisk.mount(directory.path, 2 ** 20);
  expect(isMounted(directory.path)).toBe(true);
  const dweller = spawn("sleep", ["60"], { cwd: directory.path, stdio: "ignore" });
  onTestFinished(() => void dweller.kill("SIGKILL"));
  disk.fill();
  disk.free();
  disk.unmount();
  expect(isMounted(directory.path)).toBe(false);
});
