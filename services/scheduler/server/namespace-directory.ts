// What every call needs to know of its namespace, kept beside the engine so that a call does not
// wait for a commit that is none of its business.
//
// Invariants:
//   D1. A change is seen by every call that begins after it was committed: the copy is dropped
//       then.
//   D2. Only namespaces that exist are kept.

import { namespaceAddress } from "../core/messages.ts";
import type { TokenState } from "../core/state.ts";
import type { Engine } from "../engine.ts";

export interface NamespaceFacts {
  readonly tokens: ReadonlyMap<string, TokenState>;
  readonly clusters: ReadonlySet<string>;
  readonly defaultCluster: string | null;
}

export class NamespaceDirectory {
  readonly #engine: Engine;
  readonly #known = new Map<string, Promise<NamespaceFacts | null>>();
  readonly #stop: () => void;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#stop = engine.onCommitted((changes) => {
      for (const { actor } of changes) {
        if (actor.startsWith("namespace/")) this.#known.delete(actor.slice("namespace/".length));
      }
    });
  }

  close(): void {
    this.#stop();
  }

  /** `null` when there is no such namespace. */
  async of(namespace: string): Promise<NamespaceFacts | null> {
    const known = this.#known.get(namespace);
    if (known !== undefined) return await known;
    const loading = this.#load(namespace);
    this.#known.set(namespace, loading);
    try {
      const facts = await loading;
      if (facts === null) this.#forget(namespace, loading);
      return facts;
    } catch (reason) {
      this.#forget(namespace, loading);
      throw reason;
    }
  }

  #load(namespace: string): Promise<NamespaceFacts | null> {
    return this.#engine.read<"namespace", NamespaceFacts | null>(
      namespaceAddress(namespace),
      (state) =>
        state === undefined
          ? null
          : {
              tokens: new Map([...state.tokens].map(([id, token]) => [id, { ...token }])),
              clusters: new Set(state.clusters),
              defaultCluster: state.defaultCluster,
            },
    );
  }

  #forget(namespace: string, loading: Promise<NamespaceFacts | null>): void {
    if (this.#known.get(namespace) === loading) this.#known.delete(namespace);
  }
}
