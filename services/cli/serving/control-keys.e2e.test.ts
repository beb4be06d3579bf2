// Keys of the control plane at a router, by real processes: made, used and revoked; and while the
// scheduler is dead a router that was killed too starts with the copy it had.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { signalProcess } from "../mesh/process-identity.ts";
import { bundledModel } from "../package-root.ts";
import { runCli } from "../run-cli.ts";
import { testTerminal } from "../testing/test-terminal.ts";
import { READY_MS, ServiceGroup } from "./service-group.fixture.ts";

const OWN = "sk-sb-of-the-file";
const group = new ServiceGroup("control-keys");
const at = (name: string): string => group.at(name);

const startScheduler = (listen: string): Promise<ServiceRecord> =>
  group.start("scheduler", {
    ...{ LISTEN: listen, STATE: at("scheduler"), BOOTSTRAP_TOKEN_FILE: at("token") },
    PARTITIONS: "2",
  });

const startRouter = (
  scheduler: string,
  http: string,
  workers: string,
  state = at("router"),
): Promise<ServiceRecord> =>
  group.start("router", {
    ...{ HTTP: http, WORKERS: workers, STATE: state },
    ...{ SCHEDULER: scheduler, SCHEDULER_TOKEN_FILE: at("token"), SCHEDULER_KEYS: "true" },
    KEYS_FILE: at("keys.toml"),
  });

beforeAll(() => {
  const sha256 = createHash("sha256").update(OWN).digest("hex");
  writeFileSync(
    at("keys.toml"),
    `[[key]]\nname = "own"\nsha256 = "${sha256}"\nnamespace = "lab"\n`,
  );
});

afterAll(() => group.end(), READY_MS);

test(
  "a key counts until it is revoked, whoever is dead when a router starts",
  async () => {
    const scheduler = await startScheduler("127.0.0.1:0");
    const grpc = String(scheduler.ready?.["grpc"]);
    const router = await startRouter(grpc, "127.0.0.1:0", "127.0.0.1:0");
    const [http = "", workers = ""] = ["http", "workers"].map((it) => String(router.ready?.[it]));
    await group.start("worker", {
      ...{ ENGINE: "simulated", MODEL: bundledModel(), MODEL_NAME: "m" },
      ...{ ROUTERS: workers },
    });
    const ada = await newKey(grpc, "ada", "--requests-per-minute", "600");
    const tight = await newKey(grpc, "tight", "--requests-per-minute", "1");
    const other = await newKey(grpc, "other", "--models", "not-this-one");
    const bob = await newKey(grpc, "bob");
    for (const key of [OWN, ada, bob]) await until(http, key, 200);
    await until(http, other, 404);
    expect((await ask(http, "sk-sb-nobody")).status).toBe(401);
    expect(await signalbox(grpc, "key", "revoke", "bob")).toMatchObject({ key: { name: "bob" } });
    await until(http, bob, 401);

    signalProcess(scheduler, "SIGKILL");
    signalProcess(router, "SIGKILL");
    await startRouter(grpc, http, workers);
    const answer = await until(http, ada, 200);
    expect(answer.headers.get("x-ratelimit-limit-requests")).toBe("600");
    const twice = [await ask(http, tight), await ask(http, tight)];
    expect(twice.map(({ status }) => status)).toEqual([200, 429]);
    expect((await ask(http, other)).status).toBe(404);
    expect((await ask(http, bob)).status).toBe(401); // Still.
    expect((await ask(http, OWN)).status).toBe(200);
    expect((await fetch(`http://${http}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`http://${http}/metrics`)).text();
    expect(metrics).toMatch(/^signalbox_router_keys\{.*source="scheduler".*\} 3$/m);
    const age = /^signalbox_router_keys_age_seconds\S* (\S+)$/m.exec(metrics)?.[1];
    expect(Number(age)).toBeGreaterThan(0);
    const log = readFileSync(at("router.log"), "utf8");
    expect(log).toContain("the control plane's keys of that age count until it is reached");

    const fresh = await startRouter(grpc, "127.0.0.1:0", "127.0.0.1:0", at("fresh"));
    const without = String(fresh.ready?.["http"]);
    expect((await ask(without, ada)).status).toBe(503); // It may be a key: nobody knows.
    const readiness = await fetch(`http://${without}/readyz`);
    expect(readiness.status).toBe(503);
    expect(await readiness.text()).toContain("there is no snapshot");

    await startScheduler(grpc);
    await until(without, "sk-sb-nobody", 401);
    await signalbox(grpc, "key", "revoke", "ada");
    await until(http, ada, 401);
  },
  4 * READY_MS,
);

/** The key itself. */
async function newKey(grpc: string, name: string, ...options: string[]): Promise<string> {
  const { key } = (await signalbox(grpc, "key", "new", "--name", name, ...options)) as {
    readonly key: string;
  };
  return key;
}

async function signalbox(grpc: string, ...args: string[]): Promise<unknown> {
  const token = readFileSync(at("token"), "utf8").trim();
  const env = { SIGNALBOX_SERVER: grpc, SIGNALBOX_TOKEN: token, SIGNALBOX_NAMESPACE: "lab" };
  const terminal = testTerminal({ env });
  expect(await runCli(["--json", ...args], terminal), terminal.err()).toBe(0);
  return JSON.parse(terminal.out());
}

async function ask(http: string, key: string): Promise<Response> {
  const response = await fetch(`http://${http}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "m", prompt: "signal", max_tokens: 4, ignore_eos: true }),
  });
  await response.text();
  return response;
}

/** The answer with that status; others may come before it. */
function until(http: string, key: string, status: number): Promise<Response> {
  const asked = async (): Promise<Response | null> => {
    const response = await ask(http, key);
    return response.status === status ? response : null;
  };
  return waitFor(asked, READY_MS, `${status} for a key`);
}
