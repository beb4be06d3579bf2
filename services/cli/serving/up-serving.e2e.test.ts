// `signalbox up` with a model: the line it prints works, and it mends what has died.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { signalbox as proto } from "#proto/signalbox.js";
import { systemRandom } from "#shared/config/system.ts";
import { inferenceSubject, NatsBus, natsOptions } from "#shared/mesh/nats-bus.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { identityOf, isAlive } from "../mesh/process-identity.ts";
import { readMeshRecord } from "../mesh/mesh-record.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const DEADLINE_MS = 120_000;

interface Up {
  readonly started: readonly string[];
  readonly serving: { readonly name: string; readonly url: string } | null;
}

describe.skipIf(WHY_NO_ADDON !== null)(`a mesh with a model (${WHY_NO_ADDON ?? "built"})`, () => {
  const temporary = tempDirectory("up-serving");
  const home = join(temporary.path, "home");
  let addon = "";

  const signalbox = (...args: readonly string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, SIGNALBOX_ENGINE: addon, SIGNALBOX_HOME: home };
      execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, out: code === 0 ? out : out + err });
      });
    });
  const up = async (): Promise<Up> => {
    const { code, out } = await signalbox("up", "--json");
    expect(code, out).toBe(0);
    return JSON.parse(out) as Up;
  };

  beforeAll(async () => {
    addon = await builtAddon();
  }, BUILD_MS_MAX);

  afterAll(async () => {
    await signalbox("down");
    for (const service of readMeshRecord(home).services) expect(isAlive(service)).toBe(false);
    temporary.remove();
  }, DEADLINE_MS);

  test(
    "the curl line it prints streams an answer",
    async () => {
      const { code, out } = await signalbox("up");
      expect(code, out).toBe(0);
      const at = out.indexOf("curl -N");
      const line = out.slice(at, out.indexOf("\n", out.indexOf("-d '", at)));
      const events = await new Promise<string>((resolve, reject) => {
        execFile("bash", ["-c", line], (error, said) =>
          error === null ? resolve(said) : reject(error),
        );
      });
      expect(events).toContain('"delta":{"content":');
      expect(events.trimEnd().endsWith("data: [DONE]")).toBe(true);
    },
    DEADLINE_MS,
  );

  test(
    "run again it starts what has died, at the same address",
    async () => {
      const whole = await up();
      expect(whole).toMatchObject({ started: [], serving: { name: "lantern" } });
      for (const name of ["worker-1", "router"]) {
        const record = readMeshRecord(home).services.find((service) => service.name === name)!;
        process.kill(record.pid, "SIGKILL");
        await waitFor(() => identityOf(record.pid) === null);
        const mended = await up();
        expect(mended.started).toEqual([name]);
        expect(mended.serving?.url).toBe(whole.serving?.url);
        await waitFor(async () => (await answers(whole.serving!.url)) !== "", 30_000);
      }
      // What the first worker ran is known to the second.
      const state = join(home, "workers", "worker-1");
      const journal = await signalbox("worker", "journal", state, "--json");
      const rows = JSON.parse(journal.out) as { readonly serial: number; readonly end: string }[];
      expect(rows.length).toBeGreaterThan(1);
      expect(rows.map(({ serial }) => serial)).toEqual(rows.map((_, at) => at + 1));
      const secret = readFileSync(join(home, "secrets", "worker-secret"), "utf8").trim();
      expect(secret).toMatch(/^[0-9a-f]{64}$/u);
    },
    DEADLINE_MS,
  );
});

const natsTest = WHY_NO_ADDON === null && natsServerHere() !== null ? test : test.skip;
natsTest(
  "on NATS the router and the worker are told where it is (node tools/setup.ts nats-server)",
  async () => {
    const temporary = tempDirectory("up-nats");
    const home = join(temporary.path, "home");
    const env = { ...process.env, SIGNALBOX_ENGINE: await builtAddon(), SIGNALBOX_HOME: home };
    const signalbox = (...args: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) =>
          error === null ? resolve(out) : reject(new Error(`${args.join(" ")}: ${err}`)),
        );
      });
    onTestFinished(async () => {
      await signalbox("down");
      temporary.remove();
    }, DEADLINE_MS);
    const { serving } = JSON.parse(await signalbox("up", "--mesh", "--json")) as Up;
    const isUp = async (): Promise<boolean> => {
      const metrics = await fetch(`${serving!.url.slice(0, -"/v1".length)}/metrics`);
      return /^signalbox_nats_up(?:\{[^}]*\})? 1$/mu.test(await metrics.text());
    };
    await waitFor(isUp, 30_000, "the router is connected to NATS");

    const { url, credentialsFile } = readMeshRecord(home).services.find(
      (service) => service.name === "nats",
    )!.ready!;
    const found = { urls: [String(url)], credentialsFile: String(credentialsFile) };
    const options = natsOptions({ ...found, replicas: 1, systemCredentialsFile: null }, "test")!;
    const bus = new NatsBus(options, systemRandom);
    onTestFinished(() => bus.close());
    const heard: string[] = [];
    bus.subscribe(inferenceSubject("progress", "lantern"), (payload) => {
      heard.push(proto.inference.v1.WorkerReport.decode(payload).worker);
    });
    await waitFor(() => heard.length > 0, 30_000, "the worker's figures on NATS");
    expect(heard[0]).toMatch(/^worker-1\//u);
  },
  DEADLINE_MS,
);

/** "" while no worker is there. */
async function answers(url: string): Promise<string> {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ model: "lantern", max_tokens: 8 },
      messages: [{ role: "user", content: "Hello!" }],
    }),
  });
  if (!response.ok) return "";
  const body = (await response.json()) as { choices: readonly { message: { content: string } }[] };
  return body.choices[0]?.message.content ?? "";
}
