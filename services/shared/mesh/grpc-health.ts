// grpc.health.v1.Health, by hand: two messages of one field each are not worth generated code.
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md

import { Failure } from "#shared/base/errors.ts";
import type { Method } from "./grpc-tables.ts";

export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
const STATUS_NUMBERS: readonly ServingStatus[] = [
  "UNKNOWN",
  "SERVING",
  "NOT_SERVING",
  "SERVICE_UNKNOWN",
];

interface CheckRequest {
  readonly service: string;
}
interface CheckResponse {
  readonly status: ServingStatus;
}

function method<S extends boolean>(
  name: string,
  stream: S,
): Method<CheckRequest, CheckResponse, false, S> {
  return {
    path: `/grpc.health.v1.Health/${name}`,
    requestStream: false,
    responseStream: stream,
    requestSerialize: encodeRequest,
    requestDeserialize: decodeRequest,
    responseSerialize: ({ status }) => Buffer.from([0x08, STATUS_NUMBERS.indexOf(status)]),
    responseDeserialize: (bytes) => ({
      status: (bytes[0] === 0x08 ? STATUS_NUMBERS[bytes[1] ?? 0] : undefined) ?? "UNKNOWN",
    }),
  };
}

export const HealthService = {
  check: method("Check", false),
  watch: method("Watch", true),
} as const;

/** What the server says of itself; `""` is the server as a whole. */
export class GrpcHealth {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #serving = false;

  /** `services`: full names, for example `signalbox.control.v1.RunsService`. */
  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  get serving(): boolean {
    return this.#serving;
  }

  set serving(serving: boolean) {
    this.#serving = serving;
    for (const wake of this.#watchers) wake();
  }

  statusOf(service: string): ServingStatus {
    if (!this.#services.has(service)) return "SERVICE_UNKNOWN";
    return this.#serving ? "SERVING" : "NOT_SERVING";
  }

  /** NOT_FOUND for a service that is not here, as the protocol asks. */
  check(request: CheckRequest): Promise<CheckResponse> {
    const status = this.statusOf(request.service);
    if (status === "SERVICE_UNKNOWN") {
      return Promise.reject(new Failure("NOT_FOUND", `no service ${request.service} here`));
    }
    return Promise.resolve({ status });
  }

  async *watch(
    request: CheckRequest,
    signal: AbortSignal,
  ): AsyncGenerator<CheckResponse, void, void> {
    let told: ServingStatus | null = null;
    while (!signal.aborted) {
      const status = this.statusOf(request.service);
      if (status !== told) {
        told = status;
        yield { status };
        continue;
      }
      await new Promise<void>((resume) => {
        const wake = (): void => {
          this.#watchers.delete(wake);
          signal.removeEventListener("abort", wake);
          resume();
        };
        this.#watchers.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }
}

function encodeRequest({ service }: CheckRequest): Buffer {
  const name = Buffer.from(service, "utf8");
  if (name.length > 127) throw new Failure("INVALID", "service name longer than 127 bytes");
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/**
 * Field 1, a string; other fields of later versions are skipped by taking only a leading field 1.
 */
function decodeRequest(bytes: Buffer): CheckRequest {
  if (bytes.length === 0) return { service: "" };
  const size = bytes[1] ?? 0;
  if (bytes[0] !== 0x0a || size > 127 || bytes.length < 2 + size) {
    throw new Failure("INVALID", "not a HealthCheckRequest");
  }
  return { service: bytes.toString("utf8", 2, 2 + size) };
}
