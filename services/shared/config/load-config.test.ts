import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

import { Failure } from "#shared/base/errors.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { loadConfig, readSecret } from "./load-config.ts";
import { parseAddress } from "./parse-value.ts";

function fileWith(text: string): string {
  const directory = tempDirectory("config");
  onTestFinished(directory.remove);
  mkdirSync(join(directory.path, "etc"));
  const file = join(directory.path, "etc", "signalbox.toml");
  writeFileSync(file, text);
  return file;
}

function refusal(run: () => unknown): Failure {
  try {
    run();
  } catch (reason) {
    if (reason instanceof Failure) return reason;
    throw reason;
  }
  throw new Error("was not refused");
}

test("nothing configured: the embedded log, loopback addresses, no agent", () => {
  const config = loadConfig({ env: { XDG_STATE_HOME: "/state" } });
  expect(config.scheduler).toEqual({
    listen: "127.0.0.1:0",
    http: "127.0.0.1:0",
    state: "/state/signalbox/scheduler",
    partitions: 16,
    bootstrapTokenFile: null,
  });
  expect(config.log).toEqual({
    driver: "embedded",
    path: "/state/signalbox/scheduler/log",
    production: false,
  });
  expect(config.agent).toBeNull();
  expect(config.nats).toEqual({
    urls: [],
    replicas: 1,
    credentialsFile: null,
    systemCredentialsFile: null,
  });
  expect(config.telemetry.level).toBe("info");
});

test("the environment goes over the file, the command line over both", () => {
  const file = fileWith(`
[scheduler]
listen = "127.0.0.1:1"
http = "127.0.0.1:1"
partitions = 4
[telemetry]
level = "warn"
`);
  const config = loadConfig({
    file,
    env: { SIGNALBOX_SCHEDULER_HTTP: "127.0.0.1:2", SIGNALBOX_TELEMETRY_LEVEL: "error" },
    overrides: { "telemetry.level": "debug" },
  });
  expect(config.scheduler.listen).toBe("127.0.0.1:1");
  expect(config.scheduler.http).toBe("127.0.0.1:2");
  expect(config.scheduler.partitions).toBe(4);
  expect(config.telemetry.level).toBe("debug");
});

test("the result is frozen all the way down", () => {
  const config = loadConfig({ overrides: { "nats.url": "nats://a:1, nats://b:2" } });
  expect(config.nats.urls).toEqual(["nats://a:1", "nats://b:2"]);
  expect(Object.isFrozen(config.scheduler)).toBe(true);
  expect(Object.isFrozen(config.nats.urls)).toBe(true);
});

test("paths in a file are taken from the file's directory", () => {
  const file = fileWith('[scheduler]\nstate = "../state"\n[tls]\nca_file = "/abs/ca.pem"\n');
  const config = loadConfig({ file });
  expect(config.scheduler.state).toBe(join(file, "..", "..", "state"));
  expect(config.log.path).toBe(join(file, "..", "..", "state", "log"));
  expect(config.tls.caFile).toBe("/abs/ca.pem");
});

test("a worker's GPUs are numbers or texts, one or a list", () => {
  const gpusOf = (said: string) =>
    loadConfig({ file: fileWith(`[worker]\nengine = "simulated"\ngpus = ${said}\n`) }).worker?.gpus;
  expect(gpusOf('[0, "GPU-8932", 3]')).toEqual(["0", "GPU-8932", "3"]);
  expect(gpusOf("2")).toEqual(["2"]);
  expect(gpusOf('"auto"')).toBe("auto");
  expect(() => gpusOf("[]")).toThrow("an empty list is no GPU");
  for (const wrong of ["-1", "1.5", "true", "[[0]]"]) {
    expect(() => gpusOf(wrong), wrong).toThrow(/worker\.gpus must be a text, a whole number or/u);
  }
});

test("an agent's options pass through as texts", () => {
  const file = fileWith(`
[agent]
scheduler = "control:7400"
kind = "slurm"
adopt_wait_s = 0.5
[agent.options]
slurm_conf = "/etc/slurm.conf"
`);
  const { agent } = loadConfig({ file, env: { SIGNALBOX_AGENT_OPTIONS_PATH: "/opt/bin" } });
  expect(agent).toMatchObject({ scheduler: "control:7400", kind: "slurm", adoptWaitS: 0.5 });
  expect(agent?.options).toEqual({ slurm_conf: "/etc/slurm.conf", path: "/opt/bin" });
});

describe("refused with its place", () => {
  const cases: [string, string, RegExp][] = [
    [
      "unknown key",
      '[scheduler]\n\nlisten_ = "a:1"',
      /:3: unknown key scheduler\.listen_.*listen\?/,
    ],
    [
      "unknown section",
      '[schedular]\nlisten = "a:1"',
      /:1: unknown key schedular.*mean scheduler\?/,
    ],
    ["key outside a section", 'listen = "a:1"', /:1: unknown key listen\. /],
    [
      "dotted key",
      'log.drivr = "embedded"',
      /:1: unknown key log\.drivr\. Did you mean log\.driver\?/,
    ],
    ["inline table", 'log = { drivr = "x" }', /unknown key log\.drivr/],
    [
      "wrong choice",
      '[log]\ndriver = "embeded"',
      /:2: log\.driver must be one of.*did you mean "embedded"/,
    ],
    [
      "wrong type",
      "[scheduler]\npartitions = 1.5",
      /:2: scheduler\.partitions must be a whole number from 1 to/,
    ],
    [
      "no address",
      '[scheduler]\nlisten = "7400"',
      /:2: scheduler\.listen must be HOST:PORT, not "7400"/,
    ],
    ["a date", "[telemetry]\nlevel = 2026-01-01", /:2: telemetry\.level must be one of/],
    ["not TOML", '[log]\ndriver = "', /signalbox\.toml:2:\d+: /],
    ["given twice", "[log]\n[log]", /signalbox\.toml:2:\d+: /],
  ];
  for (const [name, text, message] of cases) {
    test(name, () => {
      const failure = refusal(() => loadConfig({ file: fileWith(text) }));
      expect(failure.code).toBe("INVALID");
      expect(failure.message).toMatch(message);
    });
  }

  test("a variable of a known section", () => {
    const failure = refusal(() => loadConfig({ env: { SIGNALBOX_LOG_DRVER: "embedded" } }));
    expect(failure.message).toMatch(/variable SIGNALBOX_LOG_DRVER: unknown key log\.drver/);
    expect(() => loadConfig({ env: { SIGNALBOX_TOKEN: "mine", LOG_DRIVER: "?" } })).not.toThrow();
  });

  test("an agent without a scheduler, and poll times the wrong way round", () => {
    expect(refusal(() => loadConfig({ overrides: { "agent.kind": "slurm" } })).message).toMatch(
      /agent\.scheduler is missing/,
    );
    const overrides = {
      "agent.scheduler": "a:1",
      "agent.poll_min_s": "9",
      "agent.poll_max_s": "3",
    };
    expect(refusal(() => loadConfig({ overrides })).message).toMatch(/poll_min_s 9 is above/);
  });

  test("a file that is not there", () => {
    const failure = refusal(() => loadConfig({ file: "/nowhere/signalbox.toml" }));
    expect(failure.code).toBe("NOT_FOUND");
    expect(failure.message).toBe("configuration file /nowhere/signalbox.toml does not exist");
  });
});

test("a secret is its file's text without the end of line", () => {
  const file = fileWith("hunter2\n");
  expect(readSecret(file)).toBe("hunter2");
  expect(refusal(() => readSecret(fileWith("\n"))).message).toMatch(/is empty/);
});

test("addresses", () => {
  expect(parseAddress("127.0.0.1:80")).toEqual({ host: "127.0.0.1", port: 80 });
  expect(parseAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
  expect(parseAddress("::1:0")).toBeNull();
  expect(parseAddress("host:65536")).toBeNull();
  expect(parseAddress("host:")).toBeNull();
});
