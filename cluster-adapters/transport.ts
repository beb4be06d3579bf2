// How commands and files reach a cluster. A transport runs argv, never a shell line, and moves
// files; it knows nothing about schedulers.

export interface CommandResult {
  /** `null` when the command was ended by a signal or never answered. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It ran into `timeoutMs` (its fate is unknown) or its output into the byte cap. */
  readonly timedOut: boolean;
  readonly truncated: boolean;
}

export interface CommandOptions {
  readonly stdin?: string;
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  readonly timeoutMs: number;
  readonly outputBytesMax?: number;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  /** Called once when a process this transport started has ended, if it can tell. */
  readonly onExit?: (exitCode: number | null, signal: string | null) => void;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly isDirectory: boolean;
  readonly mode: number;
}

export interface Transport {
  readonly kind: "local" | "ssh";
  /** True when files here are the agent's own files: staging may link instead of copy. */
  readonly sameFileSystem: boolean;
  run(argv: readonly string[], options: CommandOptions): Promise<CommandResult>;
  /** Starts argv detached, in a session of its own; it outlives this process. Returns its pid. */
  spawnDetached(argv: readonly string[], options: SpawnOptions): Promise<number>;
  /** Throws Failure NOT_FOUND when there is no such file. */
  readFile(path: string, bytesMax: number, offset?: number): Promise<Uint8Array>;
  /** Atomic: written beside and renamed. */
  writeFile(path: string, bytes: Uint8Array | string, mode?: number): Promise<void>;
  stat(path: string): Promise<FileStat | null>;
  list(path: string): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  /** Fails with ALREADY_EXISTS when `to` exists: the fence of a job directory's publication. */
  renameNew(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** SHA-256 of a file as `sha256:HEX`, with its size. */
  digest(path: string): Promise<{ readonly digest: string; readonly sizeBytes: number }>;
  close(): Promise<void>;
}
