// `signalbox router key new`: a key that hashes to what its lines say. `signalbox router workers`:
// what a router answers as a table, and what is no router.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parse } from "smol-toml";
import { expect, onTestFinished, test } from "vitest";
import { cli } from "../testing/cli-run.ts";

const NEW = ["router", "key", "new", "--namespace", "lab"];

test("a new key is printed once, with the lines that let it in", async () => {
  const limits = ["--requests-per-minute", "60", "--models", "a, b", "--priority-max", "high"];
  const { code, terminal } = await cli([...NEW, "--name", "ada", ...limits], null);
  expect(code).toBe(0);
  const [key = "", ...toml] = terminal.out().split("\n");
  expect(key).toMatch(/^sk-sb-[\w-]{43}$/u);
  const sha256 = createHash("sha256").update(key).digest("hex");
  expect(parse(toml.join("\n"))).toEqual({
    key: [
      {
        ...{ name: "ada", sha256, namespace: "lab", models: ["a", "b"] },
        ...{ priority: "normal", priority_max: "high", requests_per_minute: 60 },
      },
    ],
  });
  expect(terminal.err()).not.toContain(key);
});

test("as JSON it is one document; what no router would take is refused", async () => {
  const { terminal } = await cli([...NEW, "--json"], null);
  const { key, sha256 } = JSON.parse(terminal.out()) as { key: string; sha256: string };
  expect(createHash("sha256").update(key).digest("hex")).toBe(sha256);
  expect((await cli([...NEW, "--priority-max", "bulk"], null)).code).toBe(2);
  expect((await cli([...NEW, "--name", "a b"], null)).code).toBe(2);
  expect((await cli([...NEW, "--concurrent", "0"], null)).code).toBe(2);
});

/** Answers `/workers` with `body`, other paths with 404; its `HOST:PORT`. */
async function routerThatSays(body: object): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/workers" ? 200 : 404).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ROW = {
  ...{ worker: "w1/ab", model: "m", numerics_class: "c1", state: "ready", held_out: false },
  ...{ streams: 2, running: 3, waiting: 1, sequences_max: 64, blocks_free: 25, blocks: 100 },
  heard_ms_ago: 240,
};

test("a router's workers come as a table, or as they are, whichever way its address is written", async () => {
  const out = { ...ROW, worker: "w2/cd", state: "draining", held_out: true, blocks: 0 };
  const address = await routerThatSays({ workers: [ROW, out] });
  const { code, terminal } = await cli(["router", "workers", address], null);
  expect(code).toBe(0);
  const lines = terminal.out().trimEnd().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/u))).toEqual([
    [
      ...["WORKER", "MODEL", "STATE", "STREAMS", "RUNNING", "WAITING", "CACHE FREE", "HEARD"],
      "CLASS",
    ],
    ["w1/ab", "m", "ready", "2", "3 of 64", "1", "25 %", "0.2 s ago", "c1"],
    ["w2/cd", "m", "held out", "2", "3 of 64", "1", "0 %", "0.2 s ago", "c1"],
  ]);
  for (const end of ["", "/", "/v1", "/v1/"]) {
    const url = `http://${address}${end}`;
    const asked = await cli(["router", "workers", url, "--json"], null);
    expect(JSON.parse(asked.terminal.out())).toEqual({ workers: [ROW, out] });
  }
});

test("no worker, no router and something else are told apart", async () => {
  const none = await cli(["router", "workers", await routerThatSays({ workers: [] })], null);
  expect([none.code, none.terminal.err()]).toEqual([0, expect.stringContaining("no worker has")]);
  const other = await cli(["router", "workers", await routerThatSays({ error: "x" })], null);
  expect(other.code).not.toBe(0);
  expect(other.terminal.err()).toContain("/workers is no router's: it answers 200");
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const nobody = await cli(["router", "workers", `127.0.0.1:${port}`], null);
  expect(nobody.code).toBe(3);
  expect(nobody.terminal.err()).toMatch(/no router answers at http:.*\/workers: .*ECONNREFUSED/u);
});
