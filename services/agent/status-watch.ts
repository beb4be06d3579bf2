// Tells at once when something is written in a job directory that nobody else announces: jobs that
// an agent adopted after a restart, and those of a queueing system whose files are on this machine.
// Over NFS nothing is ever told; the core's sweeps see it then.

import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { AttemptToken } from "#shared/base/ids.ts";

/**
 * inotify's instances are few (128 for a user by default) and shared by everything the user runs.
 */
const WATCHES_MAX = 64;

export class StatusWatch {
  readonly #watchers = new Map<AttemptToken, FSWatcher>();

  /** Does nothing when it is watched already, or too many are. */
  add(token: AttemptToken, directory: string, onChange: () => void): void {
    if (this.#watchers.has(token) || this.#watchers.size >= WATCHES_MAX) return;
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (name === "status" || name === "claim") onChange();
      });
      watcher.on("error", () => this.remove(token)); // The sweeps go on without it.
      this.#watchers.set(token, watcher);
    } catch {
      // No directory, or no watches left: the sweeps go on without it.
    }
  }

  remove(token: AttemptToken): void {
    this.#watchers.get(token)?.close();
    this.#watchers.delete(token);
  }

  close(): void {
    for (const token of this.#watchers.keys()) this.remove(token);
  }
}
