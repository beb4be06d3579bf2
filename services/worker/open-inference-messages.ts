// inference.GRPCInferenceService of the Open Inference Protocol (KServe's V2): the messages of its
// health and metadata calls by name, number and type, and the table of its methods.
// https://github.com/kserve/open-inference-protocol (specification/protocol/inference_grpc.md)
//
// ModelInfer is about tensors, which nobody has here: its messages are left as bytes.

import protobuf from "protobufjs";
import type { Method } from "#shared/mesh/grpc-tables.ts";

export interface Named {
  readonly name: string;
  readonly version: string;
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1: of any length. */
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

type Fields = { readonly [name: string]: readonly [id: number, type: string, rule?: "repeated"] };

const NAMED: Fields = { name: [1, "string"], version: [2, "string"] };
const MESSAGES: { readonly [message: string]: Fields } = {
  ServerLiveRequest: {},
  ServerLiveResponse: { live: [1, "bool"] },
  ServerReadyRequest: {},
  ServerReadyResponse: { ready: [1, "bool"] },
  ModelReadyRequest: NAMED,
  ModelReadyResponse: { ready: [1, "bool"] },
  ServerMetadataRequest: {},
  ServerMetadataResponse: { ...NAMED, extensions: [3, "string", "repeated"] },
  ModelMetadataRequest: NAMED,
  TensorMetadata: {
    ...{ name: [1, "string"], datatype: [2, "string"] },
    shape: [3, "int64", "repeated"],
  },
  ModelMetadataResponse: {
    ...{ name: [1, "string"], versions: [2, "string", "repeated"], platform: [3, "string"] },
    inputs: [4, "TensorMetadata", "repeated"],
    outputs: [5, "TensorMetadata", "repeated"],
  },
};

const types = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([message, fields]) => {
      const listed = Object.entries(fields).map(([name, [id, type, rule]]) => {
        return [name, rule === undefined ? { id, type } : { id, type, rule }] as const;
      });
      return [message, { fields: Object.fromEntries(listed) }];
    }),
  ),
});

interface Codec<T> {
  readonly encode: (value: T) => Buffer;
  readonly decode: (bytes: Buffer) => T;
}

/** Whole numbers as numbers, and what is absent as proto3 has it. */
const PLAIN = { longs: Number, defaults: true, arrays: true } as const;

function codec<T extends object>(message: string): Codec<T> {
  const type = types.lookupType(message);
  return {
    encode: (value) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    decode: (bytes) => type.toObject(type.decode(bytes), PLAIN) as T,
  };
}

const BYTES: Codec<Buffer> = { encode: (value) => value, decode: (bytes) => bytes };

function method<Req, Res>(
  name: string,
  request: Codec<Req>,
  response: Codec<Res>,
): Method<Req, Res, false, false> {
  return {
    path: `/inference.GRPCInferenceService/${name}`,
    ...{ requestStream: false, responseStream: false },
    ...{ requestSerialize: request.encode, requestDeserialize: request.decode },
    ...{ responseSerialize: response.encode, responseDeserialize: response.decode },
  };
}

interface Live {
  readonly live: boolean;
}

interface Ready {
  readonly ready: boolean;
}

export const GRPCInferenceService = {
  serverLive: method("ServerLive", codec("ServerLiveRequest"), codec<Live>("ServerLiveResponse")),
  serverReady: method(
    "ServerReady",
    codec("ServerReadyRequest"),
    codec<Ready>("ServerReadyResponse"),
  ),
  modelReady: method(
    "ModelReady",
    codec<Named>("ModelReadyRequest"),
    codec<Ready>("ModelReadyResponse"),
  ),
  serverMetadata: method(
    "ServerMetadata",
    codec("ServerMetadataRequest"),
    codec<ServerMetadata>("ServerMetadataResponse"),
  ),
  modelMetadata: method(
    "ModelMetadata",
    codec<Named>("ModelMetadataRequest"),
    codec<ModelMetadata>("ModelMetadataResponse"),
  ),
  modelInfer: method("ModelInfer", BYTES, BYTES),
} as const;
