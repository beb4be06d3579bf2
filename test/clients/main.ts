// `npm run clients`: the clients that people have, unmodified, against a served model. Installs
// them from PyPI into a folder of its own; too heavy for every test run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModel } from "../../services/cli/package-root.ts";
import { ModelServing } from "../../services/cli/serving/model-serving.ts";
import { ROOT } from "../repository.ts";

const HERE = import.meta.dirname;
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "signalbox");
const CLIENTS = ["openai", "litellm", "langchain", "llm", "grpc"] as const;
const CLIENT_MS_MAX = 120_000;

const python = provideClients(join(CACHE, "clients"));
const folder = mkdtempSync(join(tmpdir(), "signalbox-clients-"));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const serving = await ModelServing.start({
  ...{ model: bundledModel(), name: "lantern", workers: 2, http: "127.0.0.1:0", folder },
  ...{ env: process.env, worker: { listen: "127.0.0.1:0" }, router: {}, route: null },
  onStep: ({ name, detail }) => say(`${name}  ${detail}`),
});
const results: { client: string; ok: boolean }[] = [];
try {
  for (const client of CLIENTS) {
    const ran = spawnSync(python, [join(HERE, `${client}_client.py`)], {
      env: {
        ...process.env,
        BASE_URL: serving.url,
        WORKER_GRPC: String(serving.workers[0]?.ready?.["grpc"]),
        PROTO: join(ROOT, "proto"),
      },
      encoding: "utf8",
      timeout: CLIENT_MS_MAX,
    });
    const ok = ran.status === 0;
    say(`${ok ? "ok    " : "FAILED"}  ${client}${ok ? "" : `\n${ran.stderr}`}`);
    results.push({ client, ok });
  }
} finally {
  await serving.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify({ clients: results })}\n`);
if (results.some(({ ok }) => !ok)) process.exitCode = 1;

/** The interpreter that has them. */
function provideClients(venv: string): string {
  const interpreter = join(venv, "bin", "python");
  if (!existsSync(interpreter)) must("python3", ["-m", "venv", venv]);
  must(interpreter, ["-m", "pip", "-q", "install", "-r", join(HERE, "requirements.txt")]);
  return interpreter;
}

function must(file: string, args: readonly string[]): void {
  const ran = spawnSync(file, args, { encoding: "utf8" });
  if (ran.status === 0) return;
  throw new Error(`${file} ${args.join(" ")}: ${ran.error?.message ?? ran.stderr}`);
}
