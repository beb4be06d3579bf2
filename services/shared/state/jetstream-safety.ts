// Asks every server, through the system account, whether it syncs before it answers and has room
// for the log. In production nothing else is good enough: with the default sync interval a power
// cut lost every acknowledged write, even of two servers out of three.

import { Failure } from "#shared/base/errors.ts";
import { NatsConnections } from "#shared/mesh/nats-connection.ts";
import { assertNatsVersion } from "#shared/mesh/nats-version.ts";

export interface SafetyOptions {
  readonly urls: readonly string[];
  readonly systemCredentials: string | null;
  /** Sum of the streams' max_bytes. */
  readonly storeBytesMin: number;
}

interface Jsz {
  readonly server?: { readonly name?: string; readonly ver?: string };
  readonly data?: {
    readonly config?: { readonly sync_always?: boolean; readonly max_storage?: number };
  };
}

const ASK_TIMEOUT_MS = 2_000;
const GIB = 1024 ** 3;
const WAY_OUT =
  "or set log.production = false if losing acknowledged work in a power cut is acceptable.";

/** Throws Failure UNSAFE that says what to change. */
export async function confirmSafeServers({
  urls,
  systemCredentials,
  storeBytesMin,
}: SafetyOptions): Promise<void> {
  if (systemCredentials === null) {
    throw new Failure(
      "UNSAFE",
      "no system account is configured, so nothing confirms that NATS syncs before it answers",
      {
        hint: `Give the system account's credentials in nats.system_credentials_file, ${WAY_OUT}`,
      },
    );
  }
  // Each server by itself: a ping through one would miss those that have lost their routes.
  for (const url of urls) {
    const nats = await NatsConnections.open({
      urls: [url],
      credentials: systemCredentials,
      name: "signalbox-safety",
    });
    try {
      const id = nats.connection.info?.server_id ?? "";
      const answer = await nats.request(`$SYS.REQ.SERVER.${id}.JSZ`, "{}", {
        timeoutMs: ASK_TIMEOUT_MS,
      });
      checkServer(answer.json<Jsz>(), url, storeBytesMin);
    } finally {
      await nats.close();
    }
  }
}

function checkServer({ server, data }: Jsz, url: string, storeBytesMin: number): void {
  const where = `${url} (${server?.name ?? "unnamed"})`;
  assertNatsVersion(server?.ver ?? "0", true, where);
  if (data?.config?.sync_always !== true) {
    throw new Failure("UNSAFE", `${where} answers before a record is on disk`, {
      hint:
        "Put `sync_interval: always` into the jetstream block of its configuration and " +
        `restart it, ${WAY_OUT}`,
    });
  }
  if ((data.config.max_storage ?? 0) < storeBytesMin) {
    throw new Failure(
      "UNSAFE",
      `${where} may store ${data.config.max_storage ?? 0} bytes, ` +
        `the log's streams may take ${storeBytesMin}`,
      {
        hint:
          `Set max_file_store in its jetstream block above ${Math.ceil(storeBytesMin / GIB)} GB: ` +
          "a server that runs full stops answering.",
      },
    );
  }
}
