// `npm run clients [-- NAME...]`: the clients that people have, unmodified, against a served model.
// Installs them from PyPI into folders of their own; too heavy for every test run. Load tools and
// what Go has to build are heavier still, and run when they are named.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { bundledModel } from "../../services/cli/package-root.ts";
import { ModelServing } from "../../services/cli/serving/model-serving.ts";
import { ROOT } from "../repository.ts";
import { guideSnippets } from "./guide-snippets.ts";

const HERE = import.meta.dirname;
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "signalbox");
/** Each with the file that says what it needs; those of one file share an environment. */
const CLIENTS: Readonly<Record<string, string>> = {
  ...{ openai: "requirements.txt", litellm: "requirements.txt", langchain: "requirements.txt" },
  ...{ llm: "requirements.txt", grpc: "requirements.txt", grpc_router: "requirements.txt" },
  ...{ guide: "requirements.txt", grpcurl: "requirements.txt" },
  ...{ aiperf: "requirements-aiperf.txt", guidellm: "requirements-guidellm.txt" },
};
const HEAVY = ["aiperf", "guidellm", "grpcurl"];
const CLIENT_MS_MAX = 300_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(CLIENTS, name));
const light = Object.keys(CLIENTS).filter((name) => !HEAVY.includes(name));
const chosen = named.length === 0 ? light : named;
if (unknown.length > 0) {
  say(`usage: npm run clients [-- NAME...]`);
  say(`  ${light.join(", ")} (all of these without a name); ${HEAVY.join(", ")}`);
  process.exitCode = 2;
} else await tryClients();

async function tryClients(): Promise<void> {
  const pythons = new Map(
    [...new Set(chosen.map((name) => CLIENTS[name] ?? ""))].map((file) => [file, provide(file)]),
  );
  const folder = mkdtempSync(join(tmpdir(), "signalbox-clients-"));
  const serving = await ModelServing.start({
    ...{ model: bundledModel(), name: "lantern", workers: 2, http: "127.0.0.1:0", folder },
    ...{ env: process.env, worker: { listen: "127.0.0.1:0" }, route: null },
    router: { grpc: "127.0.0.1:0" },
    onStep: ({ name, detail }) => say(`${name}  ${detail}`),
  });
  const results: { client: string; ok: boolean }[] = [];
  try {
    for (const client of chosen) {
      const bin = pythons.get(CLIENTS[client] ?? "") ?? "";
      const env = {
        ...process.env,
        PATH: [bin, process.env["PATH"]].join(delimiter),
        BASE_URL: serving.url,
        MODEL_FOLDER: bundledModel(),
        WORKER_GRPC: String(serving.workers[0]?.ready?.["grpc"]),
        ROUTER_GRPC: serving.grpc ?? "",
        PROTO: join(ROOT, "proto"),
      };
      const runs = client === "guide" ? guideRuns(serving.url) : [[`${client}_client.py`]];
      for (const [script = "", code] of runs) {
        const argv = code === undefined ? [join(HERE, script)] : ["-c", code];
        const file = script === "llm" ? "sh" : join(bin, "python");
        const llm = { ...env, LLM_USER_PATH: join(folder, "llm") };
        const options = { env: llm, encoding: "utf8", timeout: CLIENT_MS_MAX } as const;
        const ran = spawnSync(file, argv, options);
        // What the guide tells people to run prints what the model said.
        const ok = ran.status === 0 && (code === undefined || ran.stdout.trim() !== "");
        const name = code === undefined ? client : `${client}: ${script}`;
        say(`${ok ? "ok    " : "FAILED"}  ${name}${ok ? "" : `\n${ran.stdout}${ran.stderr}`}`);
        results.push({ client: name, ok });
      }
    }
  } finally {
    await serving.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${JSON.stringify({ clients: results })}\n`);
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}

/** Sections of the guide, each with its lines. */
function guideRuns(url: string): [string, string][] {
  const snippets = guideSnippets(["python", "sh"], url);
  return snippets
    .filter(({ section, language }) => language === "python" || section === "llm")
    .map(({ section, code }) => [section, code]);
}

/** The folder of the programs of an environment that has what `file` lists. */
function provide(file: string): string {
  const venv = join(CACHE, file === "requirements.txt" ? "clients" : file.slice(13, -4));
  const bin = join(venv, "bin");
  if (!existsSync(join(bin, "python"))) must("python3", ["-m", "venv", venv]);
  const wait = file === "requirements.txt" ? "" : "; the first time it takes ten minutes";
  say(`what ${file} lists, in ${venv}${wait}`);
  must(join(bin, "python"), ["-m", "pip", "-q", "install", "-r", join(HERE, file)]);
  return bin;
}

function must(file: string, args: readonly string[]): void {
  const ran = spawnSync(file, args, { encoding: "utf8" });
  if (ran.status === 0) return;
  throw new Error(`${file} ${args.join(" ")}: ${ran.error?.message ?? ran.stderr}`);
}
