// A contestant's process: what it says, how it ends, and that it stands still between requests.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { cpuSecondsOf, Driver, parseAnswer, parseReady } from "./driver.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "signalbox-driver-"));
});
afterAll(() => rmSync(root, { recursive: true }));

function start(behaviour = "", readyMsMax = 20_000): Promise<Driver> {
  const fixture = join(import.meta.dirname, "driver.fixture.ts");
  const argv = [process.execPath, fixture, "one", join(root, "log"), "0.25", behaviour];
  return Driver.start({ argv, readyMsMax });
}

test("requests are answered in order, until the driver is stopped", async () => {
  const driver = await start();
  expect(driver.ready).toMatchObject({ name: "one", isa: "avx512", numerics: null });
  const decode = await driver.ask({ test: "decode", batch: 2 }, 20_000);
  expect(decode).toMatchObject({ error: null, stepSeconds: 0.25 });
  expect(decode.numbers["gflops"]).toBe(4000);
  expect(driver.cpuSeconds()).toBeGreaterThan(0);
  await driver.stop();
  expect(readFileSync(join(root, "log"), "utf8")).toContain('one {"test":"decode","batch":2}\n');
  await expect(driver.ask({ test: "decode" }, 1000)).rejects.toThrow("ended with status 0");
});

test("between requests the process is stopped", async () => {
  const driver = await start();
  await driver.ask({ test: "decode" }, 20_000);
  // The signal is sent; that it has arrived is another process's doing.
  await expect.poll(() => driver.state(), { timeout: 10_000 }).toBe("T");
  await driver.stop();
});

test("a driver that cannot start says why", async () => {
  await expect(start("fail-start")).rejects.toThrow(/status 2\n.*not to its taste/);
  const argv = [join(root, "no-such-program")];
  await expect(Driver.start({ argv, readyMsMax: 1000 })).rejects.toThrow("ENOENT");
});

test("a driver that says nothing is given up", async () => {
  await expect(start("silent-start", 1500)).rejects.toThrow("no answer within 2 s");
  const mute = await start("mute");
  await expect(mute.ask({ test: "decode" }, 100)).rejects.toThrow("no answer within 0 s");
  mute.kill();
});

test("a driver that ends in the middle of a request fails it", async () => {
  const driver = await start("die");
  await expect(driver.ask({ test: "decode" }, 20_000)).rejects.toThrow("ended with status 3");
  await driver.stop();
});

test("processor time is read behind a name that may hold anything", () => {
  const stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 25 75 20 0 1";
  expect(cpuSecondsOf(stat)).toBe(4);
});

test("of a ready line only what has the right type is believed", () => {
  const line = '{"ready":true,"name":"x","isa":7,"kinds":["amx",1],"waterfall":{"weights":0.5}}';
  expect(parseReady(line)).toMatchObject({
    ...{ name: "x", isa: "", numerics: null, kinds: ["amx"], loadSeconds: null },
    weightsSeconds: 0.5,
  });
});

test("what is no line of the protocol is refused", () => {
  expect(() => parseReady('{"ready":false}')).toThrow("not a ready line");
  expect(() => parseReady("[]")).toThrow("not a JSON object");
  expect(() => parseAnswer("Loading model…")).toThrow();
  const answer = parseAnswer('{"test":"decode","error":"too long","stepSeconds":"0.1"}');
  const texts = { test: "decode", error: "too long", stepSeconds: "0.1" };
  expect(answer).toEqual({ error: "too long", stepSeconds: Number.NaN, numbers: {}, texts });
});
