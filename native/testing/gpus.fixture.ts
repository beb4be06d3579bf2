// Reads the GPUs as the test's machine has them, also while the driver stands still, and ends by
// itself: what it found is on stdout.

import { appendFileSync, copyFileSync, renameSync } from "node:fs";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

import { readDevices } from "../index.ts";

const machine = process.env["FAKE_NVML"] ?? "";

async function readAndHang(): Promise<void> {
  // The first that loads the addon is a thread, which is ended while its reading goes on.
  copyFileSync(machine, `${machine}.well`);
  appendFileSync(machine, "hang\n");
  const other = new Worker(import.meta.filename);
  await new Promise((resolve) => other.once("message", resolve));
  await other.terminate();
  renameSync(`${machine}.well`, machine);
  const first = await readDevices();
  appendFileSync(machine, "xid 1 79\n");
  const second = await readDevices();
  appendFileSync(machine, "hang\n");
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 5);
  const hung = await readDevices(100);
  const later = await readDevices(100);
  clearInterval(turning);
  const stop = new AbortController();
  const stopped = readDevices(600_000, stop.signal);
  setImmediate(() => stop.abort());
  await stopped;
  process.stdout.write(JSON.stringify({ first, second, hung, later, turns }));
}

if (isMainThread) await readAndHang();
else {
  await readDevices(20);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window, no origins
  parentPort?.postMessage("asked");
}
