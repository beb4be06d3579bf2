// Which scheduler a command talks to, as whom, in which namespace. Flags win over the environment,
// the environment over HOME/client.json, which `signalbox up` writes.
//
//   K1. A token saved for one scheduler is never sent to another: --server without a token of its
//       own uses the saved one only if the saved address is the same.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { parseNamespaceId } from "#shared/base/ids.ts";
import type { Terminal } from "../terminal.ts";

/** HOME/client.json, readable by its owner alone. */
export interface ClientFile {
  /** HOST:PORT */
  readonly grpc: string;
  /** HOST:PORT */
  readonly http: string;
  readonly token: string;
  readonly namespace: string;
  /** Path of a PEM file when the scheduler speaks TLS. */
  readonly ca?: string;
}

export interface ContextFlags {
  readonly home?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly namespace?: string;
  readonly ca?: string;
}

export interface ClientContext {
  readonly server: string;
  readonly http: string | null;
  readonly token: string | null;
  readonly namespace: string;
  readonly caFile: string | null;
  /** Where the address came from, for error messages. */
  readonly source: string;
}

const NAMESPACE_DEFAULT = "default";

/** Where a mesh started here keeps everything: flag, SIGNALBOX_HOME, then the XDG state folder. */
export function homeDirectory(terminal: Terminal, flags: ContextFlags): string {
  const { env } = terminal;
  const chosen = flags.home ?? env["SIGNALBOX_HOME"];
  if (chosen !== undefined && chosen !== "") return resolve(terminal.cwd, chosen);
  const state = env["XDG_STATE_HOME"];
  // The XDG specification says to ignore relative paths.
  if (state !== undefined && isAbsolute(state)) return join(state, "signalbox");
  return join(env["HOME"] ?? homedir(), ".local", "state", "signalbox");
}

export function clientFilePath(home: string): string {
  return join(home, "client.json");
}

/** `null` when there is none; INVALID when it is there and cannot be used. */
export function readClientFile(home: string): ClientFile | null {
  const path = clientFilePath(home);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Failure("INVALID", `cannot read ${path}: ${(reason as Error).message}`, {
      cause: reason,
    });
  }
  try {
    return parseClientFile(JSON.parse(text));
  } catch (reason) {
    throw new Failure("INVALID", `${path} is damaged: ${(reason as Error).message}`, {
      cause: reason,
      hint: "`signalbox up` writes it again, or name the scheduler with --server and --token-file",
    });
  }
}

function parseClientFile(value: unknown): ClientFile {
  const file = value as { readonly [member: string]: unknown };
  const text = (member: string): string => {
    const found = file[member];
    if (typeof found !== "string" || found === "") throw new Error(`no ${member}`);
    return found;
  };
  return {
    grpc: text("grpc"),
    http: text("http"),
    token: text("token"),
    namespace: text("namespace"),
    ...(file["ca"] === undefined ? {} : { ca: text("ca") }),
  };
}

/** NOT_FOUND when nothing names a scheduler. */
export function clientContext(terminal: Terminal, flags: ContextFlags): ClientContext {
  const { env } = terminal;
  const saved = readClientFile(homeDirectory(terminal, flags));
  const [server, source] = firstOf([
    [flags.server, "--server"],
    [env["SIGNALBOX_SERVER"], "SIGNALBOX_SERVER"],
    [saved?.grpc, clientFilePath(homeDirectory(terminal, flags))],
  ]);
  if (server === undefined) {
    throw new Failure("NOT_FOUND", "no scheduler is known here", {
      hint:
        "start a mesh on this machine: signalbox up\n" +
        "or name a scheduler: --server HOST:PORT --token-file FILE (or SIGNALBOX_SERVER, SIGNALBOX_TOKEN_FILE)",
    });
  }
  const namespace =
    flags.namespace ?? env["SIGNALBOX_NAMESPACE"] ?? saved?.namespace ?? NAMESPACE_DEFAULT;
  const sameServer = saved !== null && saved.grpc === server;
  const ca = flags.ca ?? env["SIGNALBOX_CA"] ?? (sameServer ? saved.ca : undefined);
  return {
    server: parseServer(server, source),
    http: sameServer ? saved.http : null,
    token: tokenOf(terminal, flags) ?? (sameServer ? saved.token : null), // K1
    namespace: parseNamespaceId(namespace),
    caFile: ca === undefined ? null : resolve(terminal.cwd, ca),
    source,
  };
}

function tokenOf(terminal: Terminal, flags: ContextFlags): string | null {
  const { env } = terminal;
  if (flags.tokenFile !== undefined) return readToken(resolve(terminal.cwd, flags.tokenFile));
  const token = env["SIGNALBOX_TOKEN"];
  if (token !== undefined && token !== "") return token.trim();
  const file = env["SIGNALBOX_TOKEN_FILE"];
  return file === undefined || file === "" ? null : readToken(resolve(terminal.cwd, file));
}

export function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, "utf8").trim();
  } catch (reason) {
    throw new Failure("INVALID", `cannot read the token file ${path}`, { cause: reason });
  }
  if (!/^[\u0021-\u007e]{8,512}$/u.test(token)) {
    throw new Failure("INVALID", `${path} holds no token: one word of printable ASCII is expected`);
  }
  return token;
}

function parseServer(text: string, source: string): string {
  if (/^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/u.test(text)) return text;
  throw new Failure("INVALID", `${source} is ${JSON.stringify(text)}, which is no HOST:PORT`, {
    hint: "for example 127.0.0.1:7400 or [::1]:7400, without http://",
  });
}

function firstOf(
  choices: readonly (readonly [string | undefined, string])[],
): readonly [string | undefined, string] {
  for (const choice of choices) if (choice[0] !== undefined && choice[0] !== "") return choice;
  return [undefined, ""];
}
