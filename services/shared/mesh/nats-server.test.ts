// Finding, starting and stopping a nats-server, and what connections to it do when it goes.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { NatsConnections } from "./nats-connection.ts";
import {
  NATS_SETUP_VERSION,
  cacheDirectory,
  findNatsServer,
  runningNatsServer,
  startNatsServer,
  stopNatsServer,
} from "./nats-server.ts";
import type { NatsBinary, NatsServer } from "./nats-server.ts";
import { natsServerHere } from "./nats-server.fixture.ts";
import { assertNatsVersion, compareVersions } from "./nats-version.ts";

function temp(): string {
  const directory = tempDirectory("nats");
  onTestFinished(directory.remove);
  return directory.path;
}

/** A program that says it is a nats-server of this version. */
function fakeServer(directory: string, version: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "nats-server");
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("a server in PATH comes before the unpacked one, unless it is too old", () => {
  const [old, good, cache] = [temp(), temp(), temp()];
  fakeServer(old, "2.9.10");
  const inPath = fakeServer(good, "2.14.3");
  const unpacked = fakeServer(join(cache, `nats-server-${NATS_SETUP_VERSION}`), NATS_SETUP_VERSION);
  const found = (...path: string[]): NatsBinary =>
    findNatsServer({ PATH: path.join(":"), SIGNALBOX_CACHE: cache });
  expect(found(old, good)).toEqual({ path: inPath, version: "2.14.3" });
  expect(found(old)).toEqual({ path: unpacked, version: NATS_SETUP_VERSION });
  expect(found()).toEqual({ path: unpacked, version: NATS_SETUP_VERSION });
});

test("without any, the error says what was passed over and how to get one", () => {
  const [old, cache] = [temp(), temp()];
  const path = fakeServer(old, "2.12.15");
  try {
    findNatsServer({ PATH: old, SIGNALBOX_CACHE: cache });
    expect.unreachable();
  } catch (reason) {
    const failure = Failure.from(reason);
    expect(failure.code).toBe("NOT_FOUND");
    expect(failure.message).toContain(`${path} is 2.12.15`);
    expect(failure.hint).toMatch(/nats\.url.*PATH.*npm run setup -- nats-server/);
  }
});

test("tools/setup unpacks to where the server is looked for", () => {
  const setup = join(import.meta.dirname, "../../../tools/setup.ts");
  for (const env of [
    { SIGNALBOX_CACHE: "/a/cache" },
    { XDG_CACHE_HOME: "/b" },
    { HOME: "/home/c" },
  ]) {
    const where = execFileSync(process.execPath, [setup, "nats-server", "--where"], {
      env,
      encoding: "utf8",
    }).trim();
    const ours = "HOME" in env ? join("/home/c/.cache/signalbox") : cacheDirectory(env);
    expect(where).toBe(join(ours, `nats-server-${NATS_SETUP_VERSION}`, "nats-server"));
  }
});

test("versions compare by number, and each floor refuses what lies below it", () => {
  expect(compareVersions("2.9.10", "2.12.0")).toBeLessThan(0);
  expect(compareVersions("v2.15.1", "2.15.1")).toBe(0);
  expect(compareVersions("2.15.0-RC.1", "2.14.9")).toBeGreaterThan(0);
  expect(() => assertNatsVersion("2.12.11", false, "x")).toThrow(/needed is 2\.12\.12/);
  expect(() => assertNatsVersion("2.12.12", false, "x")).not.toThrow();
  expect(() => assertNatsVersion("2.14.2", true, "x")).toThrow(/production needs 2\.14\.3/);
  expect(() => assertNatsVersion("2.14.3", true, "x")).not.toThrow();
});

const binary = natsServerHere();

if (binary === null) {
  test.skip("a nats-server of our own (node tools/setup.ts nats-server gets it)", () => {});
} else {
  describe("a nats-server of our own", () => suite(binary));
}

function suite(found: NatsBinary): void {
  async function start(directory: string, port = 0): Promise<NatsServer> {
    const server = await startNatsServer({ directory, binary: found, port });
    onTestFinished(() => stopNatsServer(server));
    return server;
  }

  function connectTo(servers: readonly NatsServer[]): Promise<NatsConnections> {
    const credentials = readFileSync(servers[0]?.credentialsFile ?? "", "utf8").trim();
    return NatsConnections.open({ urls: servers.map(({ url }) => url), credentials, name: "test" });
  }

  test("it starts on loopback, asks for a password, and is stopped, only it", async () => {
    const directory = temp();
    const [server, other] = [await start(directory), await start(temp())];
    expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    await expect(
      NatsConnections.open({ urls: [server.url], credentials: null, name: "x" }),
    ).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(runningNatsServer(directory)).toEqual(server);
    // Another process has got its number since.
    await stopNatsServer({ ...other, startTicks: "1" });
    await stopNatsServer(server);
    expect(runningNatsServer(directory)).toBeNull();
    expect(() => process.kill(other.pid, 0)).not.toThrow();
  });

  test("it is stopped even while it stands still", async () => {
    const directory = temp();
    const server = await start(directory);
    process.kill(server.pid, "SIGSTOP");
    await stopNatsServer(server);
    expect(runningNatsServer(directory)).toBeNull();
  });

  test("detached, it outlives the process that started it", async () => {
    const directory = temp();
    const program = `
      const { startNatsServer } = await import(process.argv[1]);
      const binary = { path: process.argv[3], version: "" };
      await startNatsServer({ directory: process.argv[2], binary, detached: true });`;
    const { status } = spawnSync(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        program,
        join(import.meta.dirname, "nats-server.ts"),
        directory,
        found.path,
      ],
      { stdio: "inherit" },
    );
    expect(status).toBe(0);
    const server = runningNatsServer(directory);
    expect(server).not.toBeNull();
    if (server !== null) await stopNatsServer(server);
  });

  test("a binary that does not start is named with the end of its log", async () => {
    const fake = fakeServer(temp(), "2.15.1");
    await expect(
      startNatsServer({ directory: temp(), binary: { path: fake, version: "2.15.1" } }),
    ).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("v2.15.1") as string,
    });
  });

  test("a request under way is rejected when its server dies, not by its timeout", async () => {
    const directory = temp();
    const server = await start(directory);
    const nats = await connectTo([server]);
    onTestFinished(() => nats.close());
    nats.connection.subscribe("silent"); // A listener that never answers.
    await nats.connection.flush();
    const startMs = performance.now();
    const asked = nats
      .request("silent", "", { timeoutMs: 30_000 })
      .catch((reason: Failure) => reason);
    await waitFor(() => (nats.connection.stats().outMsgs > 0 ? true : null));
    process.kill(server.pid, "SIGKILL");
    expect(await asked).toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await expect(nats.request("silent", "", { timeoutMs: 30_000 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await start(directory, Number(new URL(server.url).port));
    await waitFor(() => nats.connection.rtt(), 10_000);
  });

  test("after a failure the next request goes to another server", async () => {
    const [first, second] = [temp(), temp()];
    const one = await start(first);
    mkdirSync(second, { recursive: true });
    writeFileSync(join(second, "signalbox.secret"), readFileSync(one.credentialsFile));
    const two = await start(second);
    const nats = await connectTo([one, two]);
    onTestFinished(() => nats.close());
    await waitFor(() => nats.servers.length === 2);
    const ask = () => nats.request("$JS.API.INFO", "", { timeoutMs: 300 });
    const before = nats.connection.info?.server_id;
    await ask();
    const { pid } = nats.connection.info?.port === Number(new URL(one.url).port) ? one : two;
    process.kill(pid, "SIGSTOP");
    await waitFor(() => standsStill(pid)); // kill(2) returns before every thread has stopped.
    await expect(ask()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await ask();
    expect(nats.connection.info?.server_id).not.toBe(before);
  });
}

/** Every thread of the process is in a stop (proc(5), state T). */
function standsStill(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /^State:\s+T/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8")),
  );
}
