// The k6 scenarios against the bundled model, served meanwhile: one command, and what k6 says of
// each as one object. k6 itself is not ours to install: k6/README.md says how.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { bundledModel } from "../services/cli/package-root.ts";
import { ModelServing } from "../services/cli/serving/model-serving.ts";
import { cacheFolder } from "../tools/cuda-toolchain.ts";

/** What `npm run engines -- k6` builds. */
export const K6_VERSION = "v1.8.1";

export interface K6Options {
  /** Null: on the PATH, where `npm run engines` keeps it, or where `go install` puts it. */
  readonly program: string | null;
  readonly perSecond: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const SCENARIOS = ["chat-http", "complete-grpc"] as const;
const FOLDER = join(import.meta.dirname, "k6");
const PROTO = join(import.meta.dirname, "..", "proto");
/** Beyond the scenario's own seconds. */
const MORE_MS = 60_000;

interface K6Summary {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export async function benchK6(options: K6Options): Promise<object> {
  const program = programOf(options.program);
  const folder = mkdtempSync(join(tmpdir(), "signalbox-k6-"));
  const grpc = `127.0.0.1:${await freePort()}`;
  const serving = await ModelServing.start({
    ...{ model: bundledModel(), name: "lantern", workers: 2, folder, route: null },
    ...{ http: "127.0.0.1:0", env: process.env, worker: {}, router: { grpc } },
    onStep: ({ name, detail }) => options.say(`${name}  ${detail}`),
  });
  try {
    const { perSecond, seconds, say } = options;
    const env = { URL: serving.url, GRPC: grpc, MODEL: "lantern", PROTO };
    const load = { RATE: String(perSecond), SECONDS: String(seconds) };
    const scenarios: Record<string, object> = {};
    for (const name of SCENARIOS) {
      say(`${name}: ${perSecond}/s for ${seconds} s`);
      scenarios[name] = ranScenario(program, name, { ...env, ...load }, folder, seconds);
      say(JSON.stringify(scenarios[name]));
    }
    return { k6: versionOf(program), perSecond, seconds, scenarios };
  } finally {
    await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** UNAVAILABLE, with what k6 said, when a threshold was crossed or it could not run. */
function ranScenario(
  program: string,
  name: string,
  env: Readonly<Record<string, string>>,
  folder: string,
  seconds: number,
): object {
  const summary = join(folder, `${name}.json`);
  const given = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  const argv = ["run", "--quiet", "--summary-export", summary, ...given];
  const ran = spawnSync(program, [...argv, join(FOLDER, `${name}.js`)], {
    ...{ encoding: "utf8", timeout: seconds * 1000 + MORE_MS },
    env: { ...process.env, K6_NO_USAGE_REPORT: "true" },
  });
  if (ran.status !== 0) {
    throw new Failure("UNAVAILABLE", `k6 ${name} failed:\n${ran.stdout}${ran.stderr}`);
  }
  return figuresOf(JSON.parse(readFileSync(summary, "utf8")) as K6Summary);
}

/** Of what k6 knows, what is said of answers. */
function figuresOf({ metrics }: K6Summary): object {
  const kept = ["iterations", "output_tokens", "ttft_ms", "e2el_ms", "gap_ms"];
  const figures = kept.filter((name) => metrics[name] !== undefined);
  return Object.fromEntries(figures.map((name) => [name, metrics[name]]));
}

function programOf(asked: string | null): string {
  const kept = join(cacheFolder(), `k6-${K6_VERSION}`, "k6");
  const places = asked === null ? ["k6", kept, join(homedir(), "go", "bin", "k6")] : [asked];
  const found = places.find((place) => spawnSync(place, ["version"]).status === 0);
  if (found !== undefined) return found;
  throw new Failure("NOT_FOUND", `there is no k6 at ${places.join(" or ")}`, {
    hint: "`npm run engines -- k6` builds one, with Go; or say where it is: --k6 PATH",
  });
}

function versionOf(program: string): string {
  const said = spawnSync(program, ["version"], { encoding: "utf8" }).stdout;
  return /v[\d.]+/.exec(said)?.[0] ?? said.trim();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
