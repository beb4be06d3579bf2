// Two routers, two workers and a real nats-server: routers hear of each other, and clients do not
// notice that the server is killed, is away and comes back.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { startNatsServer, stopNatsServer, type NatsServer } from "#shared/mesh/nats-server.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { bundledModel } from "../package-root.ts";
import { untilLinked } from "./linked-workers.ts";
import { READY_MS, ServiceGroup } from "./service-group.fixture.ts";

const binary = natsServerHere();
const why = "node tools/setup.ts nats-server gets a server";

describe.skipIf(binary === null)(`the loss of NATS (${binary === null ? why : "here"})`, () => {
  const group = new ServiceGroup("nats-loss");
  const urls: string[] = [];
  let nats: NatsServer | null = null;

  const start = (
    service: "router" | "worker",
    name: string,
    settings: { readonly [key: string]: string },
  ): Promise<ServiceRecord> => {
    const { url: SIGNALBOX_NATS_URL, credentialsFile } = nats!;
    const env = { SIGNALBOX_NATS_URL, SIGNALBOX_NATS_CREDENTIALS_FILE: credentialsFile };
    return group.start(service, settings, { name, env });
  };
  const startNats = async (port: number): Promise<NatsServer> =>
    startNatsServer({ directory: group.at("nats"), binary: binary!, port });

  beforeAll(async () => {
    nats = await startNats(0);
    const routers = [await start("router", "r1", {}), await start("router", "r2", {})];
    const dialled = routers.map(({ ready }) => String(ready?.["workers"])).join(",");
    // Its text is the bundled model's; what it computes is simulated, so it needs no addon.
    const model = { ENGINE: "simulated", MODEL: bundledModel(), MODEL_NAME: "m" };
    for (const name of ["w1", "w2"]) await start("worker", name, { ROUTERS: dialled, ...model });
    for (const { ready } of routers) urls.push(`http://${String(ready?.["http"])}`);
    for (const url of urls) await untilLinked(`${url}/v1`, "m", 2, READY_MS, group.at(""));
  }, 4 * READY_MS);

  afterAll(async () => {
    if (nats !== null) await stopNatsServer(nats);
    await group.end();
  }, READY_MS);

  test(
    "is noticed by routers, and by no client",
    async () => {
      const both = async (name: string, value: number): Promise<boolean> => {
        const values = await Promise.all(urls.map((url) => metricOf(url, name)));
        return values.every((each) => each === value);
      };
      // Streams that are under way when it goes and when it comes back, and requests all the time.
      const long: Promise<number>[] = [];
      const startLong = (): void => void long.push(...urls.map((url) => tokensOf(url, 500)));
      const short: Promise<number>[] = [];
      let over = false;
      const traffic = (async () => {
        while (!over) {
          short.push(...urls.map((url) => tokensOf(url, 5)));
          await short.at(-1);
        }
      })();
      await waitFor(() => both("signalbox_router_peers", 1), 20_000, "each other");

      startLong();
      process.kill(nats!.pid, "SIGKILL");
      await waitFor(() => both("signalbox_nats_up", 0), 20_000, "routers without NATS");
      await waitFor(() => both("signalbox_router_peers", 0), 20_000, "being alone");
      const before = short.length;
      await waitFor(() => short.length > before + 10, 20_000, "requests without NATS");

      startLong();
      nats = await startNats(Number(new URL(nats!.url).port));
      await waitFor(() => both("signalbox_router_peers", 1), 30_000, "each other");
      over = true;
      await traffic;
      expect(new Set(await Promise.all(short))).toEqual(new Set([5]));
      expect(await Promise.all(long)).toEqual([500, 500, 500, 500]);
    },
    3 * READY_MS,
  );
});

/** How many tokens a stream came to; throws for what is no whole stream. */
async function tokensOf(url: string, tokens: number): Promise<number> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    body: JSON.stringify({
      ...{ model: "m", prompt: "signal", stream: true, ignore_eos: true, max_tokens: tokens },
      stream_options: { include_usage: true },
    }),
  });
  const text = await response.text();
  if (!text.endsWith("data: [DONE]\n\n")) throw new Error(`${response.status}: ${text}`);
  const usage = /"completion_tokens":(\d+)/u.exec(text.slice(text.lastIndexOf('"usage"')));
  return Number(usage?.[1]);
}

async function metricOf(url: string, name: string): Promise<number | null> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name}{`));
  return line === undefined ? null : Number(line.slice(line.lastIndexOf(" ") + 1));
}
