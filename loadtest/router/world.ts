// Everything that stands while the router is measured: a worker, the router that it dialled, and
// proxies in front of the worker's own port. One process each.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { BenchProcess } from "./bench-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PROCESSES = join(import.meta.dirname, "processes");
/** Where distributions put daemons, whatever the caller's PATH. */
const DAEMONS = ["/usr/sbin", "/usr/local/sbin"];

/** Somebody else's proxy in front of the worker. */
export interface Peer {
  readonly name: string;
  readonly address: string;
  readonly process: BenchProcess;
}

export interface World {
  readonly worker: BenchProcess;
  /** Of the worker's plain gRPC port. */
  readonly workerAddress: string;
  readonly router: BenchProcess;
  readonly routerHttp: string;
  readonly routerGrpc: string;
  readonly hop: BenchProcess;
  readonly peers: readonly Peer[];
  /** Of programs that are not installed. */
  readonly absent: readonly string[];
  stop(): Promise<void>;
}

export async function startWorld(say: (line: string) => void): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
  const started: BenchProcess[] = [];
  const stop = async (): Promise<void> => {
    // The worker last: the others would report its loss.
    for (const process of started.toReversed()) await process.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const ours = async (
      name: string,
      argv: readonly string[],
    ): ReturnType<typeof BenchProcess.ours> => {
      const made = await BenchProcess.ours(name, argv, join(folder, `${name}.log`));
      started.push(made.process);
      return made;
    };
    const router = await ours("router", [
      join(ROOT, "services/router/main.ts"),
      ...config(folder, "router", [
        '[router]\nhttp = "127.0.0.1:0"\ngrpc = "127.0.0.1:0"\nworkers = "127.0.0.1:0"\ndrain_s = 1',
        `state = "${join(folder, "usage")}"`,
      ]),
    ]);
    const hop = await ours("hop", [join(PROCESSES, "token-hop.ts")]);
    const worker = await ours("worker", [
      join(PROCESSES, "fast-worker.ts"),
      ...config(folder, "worker", [
        '[worker]\nengine = "simulated"\nlisten = "127.0.0.1:0"\nhttp = "127.0.0.1:0"\ndrain_s = 1',
        `routers = ["${router.ready.workers}", "${hop.ready.workers}"]`,
      ]),
    ]);
    const workerAddress = worker.ready.grpc ?? "";
    const proxy = await ours("grpc-js", [join(PROCESSES, "grpc-js-proxy.ts"), workerAddress]);
    const peers: Peer[] = [
      { name: "grpc-js", address: proxy.ready.grpc ?? "", process: proxy.process },
    ];
    const absent: string[] = [];
    for (const name of ["haproxy", "nginx"] as const) {
      const program = findProgram(name);
      if (program === null) absent.push(name);
      else {
        const peer = await startPeer(name, program, workerAddress, folder);
        started.push(peer.process);
        peers.push(peer);
      }
    }
    for (const name of absent) say(`${name} is not installed: no figures of it`);
    await listed(router.ready.http ?? "");
    return {
      ...{ worker: worker.process, workerAddress, hop: hop.process, peers, absent, stop },
      ...{ router: router.process, routerHttp: router.ready.http ?? "" },
      routerGrpc: router.ready.grpc ?? "",
    };
  } catch (reason) {
    await stop();
    throw reason;
  }
}

function config(folder: string, name: string, lines: readonly string[]): string[] {
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return ["--config", file];
}

function findProgram(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...DAEMONS];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

async function startPeer(
  name: "haproxy" | "nginx",
  program: string,
  worker: string,
  folder: string,
): Promise<Peer> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const template = { haproxy: "haproxy.cfg", nginx: "nginx.conf" }[name];
  const values = { LISTEN: address, WORKER: worker, DIRECTORY: folder };
  const file = join(folder, template);
  const text = readFileSync(join(import.meta.dirname, "peers", template), "utf8");
  writeFileSync(file, filled(text, values));
  const argv = { haproxy: ["-db", "-f", file], nginx: ["-c", file, "-p", folder] }[name];
  const log = join(folder, `${name}.log`);
  return {
    name,
    address,
    process: await BenchProcess.listening(name, [program, ...argv], log, port),
  };
}

/** `@NAME@` replaced; one that is not given stays. */
function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole);
}

/** Free now; nobody else here takes ports in between. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const LISTED_MS = 10_000;

/** Until the router has the worker's model. */
async function listed(http: string): Promise<void> {
  const endMs = performance.now() + LISTED_MS;
  while (performance.now() < endMs) {
    if ((await fetch(`http://${http}/readyz`)).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("no worker dialled the router");
}
