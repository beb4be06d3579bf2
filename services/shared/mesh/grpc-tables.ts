// Types over the service tables of proto/gen: what a method takes, answers and streams.

export interface Method<Req, Res, Q extends boolean = boolean, S extends boolean = boolean> {
  readonly path: string;
  readonly requestStream: Q;
  readonly responseStream: S;
  readonly requestSerialize: (value: Req) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Req;
  readonly responseSerialize: (value: Res) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Res;
}

// `any` is the variance TypeScript needs to hold methods of different messages in one table.
// oxlint-disable-next-line typescript/no-explicit-any
export type ServiceTable = { readonly [name: string]: Method<any, any> };

/** Largest message either side takes; artifacts travel in chunks far below it. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
