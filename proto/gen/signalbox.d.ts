import * as $protobuf from "protobufjs";
import Long = require("long");

/** Namespace signalbox. */
export namespace signalbox {

    /** Namespace agent. */
    namespace agent {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of an EnrolRequest.
             * @deprecated Use signalbox.agent.v1.EnrolRequest.$Properties instead.
             */
            interface IEnrolRequest extends signalbox.agent.v1.EnrolRequest.$Properties {
            }

            /** Represents an EnrolRequest. */
            class EnrolRequest {

                /**
                 * Constructs a new EnrolRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.EnrolRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** EnrolRequest enrolmentToken. */
                enrolmentToken: string;

                /** EnrolRequest publicKey. */
                publicKey: Uint8Array;

                /** EnrolRequest version. */
                version: string;

                /** EnrolRequest host. */
                host: string;

                /**
                 * Creates a new EnrolRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns EnrolRequest instance
                 */
                static create(properties: signalbox.agent.v1.EnrolRequest.$Shape): signalbox.agent.v1.EnrolRequest & signalbox.agent.v1.EnrolRequest.$Shape;
                static create(properties?: signalbox.agent.v1.EnrolRequest.$Properties): signalbox.agent.v1.EnrolRequest;

                /**
                 * Encodes the specified EnrolRequest message. Does not implicitly {@link signalbox.agent.v1.EnrolRequest.verify|verify} messages.
                 * @param message EnrolRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.EnrolRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an EnrolRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.EnrolRequest & signalbox.agent.v1.EnrolRequest.$Shape} EnrolRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.EnrolRequest & signalbox.agent.v1.EnrolRequest.$Shape;

                /**
                 * Creates an EnrolRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns EnrolRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.EnrolRequest;

                /**
                 * Creates a plain object from an EnrolRequest message. Also converts values to other types if specified.
                 * @param message EnrolRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.EnrolRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this EnrolRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for EnrolRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace EnrolRequest {

                /** Properties of an EnrolRequest. */
                interface $Properties {

                    /** EnrolRequest enrolmentToken */
                    enrolmentToken?: (string|null);

                    /** EnrolRequest publicKey */
                    publicKey?: (Uint8Array|null);

                    /** EnrolRequest version */
                    version?: (string|null);

                    /** EnrolRequest host */
                    host?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an EnrolRequest. */
                type $Shape = signalbox.agent.v1.EnrolRequest.$Properties;
            }

            /**
             * Properties of an EnrolResponse.
             * @deprecated Use signalbox.agent.v1.EnrolResponse.$Properties instead.
             */
            interface IEnrolResponse extends signalbox.agent.v1.EnrolResponse.$Properties {
            }

            /** Represents an EnrolResponse. */
            class EnrolResponse {

                /**
                 * Constructs a new EnrolResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.EnrolResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** EnrolResponse agentId. */
                agentId: string;

                /** EnrolResponse namespace. */
                namespace: string;

                /** EnrolResponse cluster. */
                cluster: string;

                /** EnrolResponse schedulerPublicKey. */
                schedulerPublicKey: Uint8Array;

                /**
                 * Creates a new EnrolResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns EnrolResponse instance
                 */
                static create(properties: signalbox.agent.v1.EnrolResponse.$Shape): signalbox.agent.v1.EnrolResponse & signalbox.agent.v1.EnrolResponse.$Shape;
                static create(properties?: signalbox.agent.v1.EnrolResponse.$Properties): signalbox.agent.v1.EnrolResponse;

                /**
                 * Encodes the specified EnrolResponse message. Does not implicitly {@link signalbox.agent.v1.EnrolResponse.verify|verify} messages.
                 * @param message EnrolResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.EnrolResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an EnrolResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.EnrolResponse & signalbox.agent.v1.EnrolResponse.$Shape} EnrolResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.EnrolResponse & signalbox.agent.v1.EnrolResponse.$Shape;

                /**
                 * Creates an EnrolResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns EnrolResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.EnrolResponse;

                /**
                 * Creates a plain object from an EnrolResponse message. Also converts values to other types if specified.
                 * @param message EnrolResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.EnrolResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this EnrolResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for EnrolResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace EnrolResponse {

                /** Properties of an EnrolResponse. */
                interface $Properties {

                    /** EnrolResponse agentId */
                    agentId?: (string|null);

                    /** EnrolResponse namespace */
                    namespace?: (string|null);

                    /** EnrolResponse cluster */
                    cluster?: (string|null);

                    /** EnrolResponse schedulerPublicKey */
                    schedulerPublicKey?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an EnrolResponse. */
                type $Shape = signalbox.agent.v1.EnrolResponse.$Properties;
            }

            /**
             * Properties of a ConnectRequest.
             * @deprecated Use signalbox.agent.v1.ConnectRequest.$Properties instead.
             */
            interface IConnectRequest extends signalbox.agent.v1.ConnectRequest.$Properties {
            }

            /** Represents a ConnectRequest. */
            class ConnectRequest {

                /**
                 * Constructs a new ConnectRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.ConnectRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ConnectRequest hello. */
                hello?: (signalbox.agent.v1.Hello.$Properties|null);

                /** ConnectRequest proof. */
                proof?: (signalbox.agent.v1.Proof.$Properties|null);

                /** ConnectRequest reports. */
                reports?: (signalbox.agent.v1.Reports.$Properties|null);

                /** ConnectRequest commandAck. */
                commandAck?: (number|null);

                /** ConnectRequest heartbeat. */
                heartbeat?: (signalbox.agent.v1.Heartbeat.$Properties|null);

                /** ConnectRequest logChunk. */
                logChunk?: (signalbox.agent.v1.LogChunk.$Properties|null);

                /** ConnectRequest message. */
                message?: ("hello"|"proof"|"reports"|"commandAck"|"heartbeat"|"logChunk");

                /**
                 * Creates a new ConnectRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ConnectRequest instance
                 */
                static create(properties: signalbox.agent.v1.ConnectRequest.$Shape): signalbox.agent.v1.ConnectRequest & signalbox.agent.v1.ConnectRequest.$Shape;
                static create(properties?: signalbox.agent.v1.ConnectRequest.$Properties): signalbox.agent.v1.ConnectRequest;

                /**
                 * Encodes the specified ConnectRequest message. Does not implicitly {@link signalbox.agent.v1.ConnectRequest.verify|verify} messages.
                 * @param message ConnectRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.ConnectRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ConnectRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.ConnectRequest & signalbox.agent.v1.ConnectRequest.$Shape} ConnectRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.ConnectRequest & signalbox.agent.v1.ConnectRequest.$Shape;

                /**
                 * Creates a ConnectRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ConnectRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.ConnectRequest;

                /**
                 * Creates a plain object from a ConnectRequest message. Also converts values to other types if specified.
                 * @param message ConnectRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.ConnectRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ConnectRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ConnectRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ConnectRequest {

                /** Properties of a ConnectRequest. */
                interface $Properties {

                    /** ConnectRequest hello */
                    hello?: (signalbox.agent.v1.Hello.$Properties|null);

                    /** ConnectRequest proof */
                    proof?: (signalbox.agent.v1.Proof.$Properties|null);

                    /** ConnectRequest reports */
                    reports?: (signalbox.agent.v1.Reports.$Properties|null);

                    /** ConnectRequest commandAck */
                    commandAck?: (number|null);

                    /** ConnectRequest heartbeat */
                    heartbeat?: (signalbox.agent.v1.Heartbeat.$Properties|null);

                    /** ConnectRequest logChunk */
                    logChunk?: (signalbox.agent.v1.LogChunk.$Properties|null);

                    /** ConnectRequest message */
                    message?: ("hello"|"proof"|"reports"|"commandAck"|"heartbeat"|"logChunk");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a ConnectRequest. */
                type $Shape = {
                  hello?: signalbox.agent.v1.Hello.$Shape|null;
                  proof?: signalbox.agent.v1.Proof.$Shape|null;
                  reports?: signalbox.agent.v1.Reports.$Shape|null;
                  commandAck?: number|null;
                  heartbeat?: signalbox.agent.v1.Heartbeat.$Shape|null;
                  logChunk?: signalbox.agent.v1.LogChunk.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ message?: undefined; hello?: null; proof?: null; reports?: null; commandAck?: null; heartbeat?: null; logChunk?: null }|{ message?: "hello"; hello: signalbox.agent.v1.Hello.$Shape; proof?: null; reports?: null; commandAck?: null; heartbeat?: null; logChunk?: null }|{ message?: "proof"; hello?: null; proof: signalbox.agent.v1.Proof.$Shape; reports?: null; commandAck?: null; heartbeat?: null; logChunk?: null }|{ message?: "reports"; hello?: null; proof?: null; reports: signalbox.agent.v1.Reports.$Shape; commandAck?: null; heartbeat?: null; logChunk?: null }|{ message?: "commandAck"; hello?: null; proof?: null; reports?: null; commandAck: number; heartbeat?: null; logChunk?: null }|{ message?: "heartbeat"; hello?: null; proof?: null; reports?: null; commandAck?: null; heartbeat: signalbox.agent.v1.Heartbeat.$Shape; logChunk?: null }|{ message?: "logChunk"; hello?: null; proof?: null; reports?: null; commandAck?: null; heartbeat?: null; logChunk: signalbox.agent.v1.LogChunk.$Shape })
                );
            }

            /**
             * Properties of a ConnectResponse.
             * @deprecated Use signalbox.agent.v1.ConnectResponse.$Properties instead.
             */
            interface IConnectResponse extends signalbox.agent.v1.ConnectResponse.$Properties {
            }

            /** Represents a ConnectResponse. */
            class ConnectResponse {

                /**
                 * Constructs a new ConnectResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.ConnectResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ConnectResponse challenge. */
                challenge?: (signalbox.agent.v1.Challenge.$Properties|null);

                /** ConnectResponse welcome. */
                welcome?: (signalbox.agent.v1.Welcome.$Properties|null);

                /** ConnectResponse command. */
                command?: (signalbox.agent.v1.Command.$Properties|null);

                /** ConnectResponse reportAck. */
                reportAck?: (number|null);

                /** ConnectResponse followLogs. */
                followLogs?: (signalbox.agent.v1.FollowLogs.$Properties|null);

                /** ConnectResponse stopLogs. */
                stopLogs?: (signalbox.agent.v1.StopLogs.$Properties|null);

                /** ConnectResponse message. */
                message?: ("challenge"|"welcome"|"command"|"reportAck"|"followLogs"|"stopLogs");

                /**
                 * Creates a new ConnectResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ConnectResponse instance
                 */
                static create(properties: signalbox.agent.v1.ConnectResponse.$Shape): signalbox.agent.v1.ConnectResponse & signalbox.agent.v1.ConnectResponse.$Shape;
                static create(properties?: signalbox.agent.v1.ConnectResponse.$Properties): signalbox.agent.v1.ConnectResponse;

                /**
                 * Encodes the specified ConnectResponse message. Does not implicitly {@link signalbox.agent.v1.ConnectResponse.verify|verify} messages.
                 * @param message ConnectResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.ConnectResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ConnectResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.ConnectResponse & signalbox.agent.v1.ConnectResponse.$Shape} ConnectResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.ConnectResponse & signalbox.agent.v1.ConnectResponse.$Shape;

                /**
                 * Creates a ConnectResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ConnectResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.ConnectResponse;

                /**
                 * Creates a plain object from a ConnectResponse message. Also converts values to other types if specified.
                 * @param message ConnectResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.ConnectResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ConnectResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ConnectResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ConnectResponse {

                /** Properties of a ConnectResponse. */
                interface $Properties {

                    /** ConnectResponse challenge */
                    challenge?: (signalbox.agent.v1.Challenge.$Properties|null);

                    /** ConnectResponse welcome */
                    welcome?: (signalbox.agent.v1.Welcome.$Properties|null);

                    /** ConnectResponse command */
                    command?: (signalbox.agent.v1.Command.$Properties|null);

                    /** ConnectResponse reportAck */
                    reportAck?: (number|null);

                    /** ConnectResponse followLogs */
                    followLogs?: (signalbox.agent.v1.FollowLogs.$Properties|null);

                    /** ConnectResponse stopLogs */
                    stopLogs?: (signalbox.agent.v1.StopLogs.$Properties|null);

                    /** ConnectResponse message */
                    message?: ("challenge"|"welcome"|"command"|"reportAck"|"followLogs"|"stopLogs");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a ConnectResponse. */
                type $Shape = {
                  challenge?: signalbox.agent.v1.Challenge.$Shape|null;
                  welcome?: signalbox.agent.v1.Welcome.$Shape|null;
                  command?: signalbox.agent.v1.Command.$Shape|null;
                  reportAck?: number|null;
                  followLogs?: signalbox.agent.v1.FollowLogs.$Shape|null;
                  stopLogs?: signalbox.agent.v1.StopLogs.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ message?: undefined; challenge?: null; welcome?: null; command?: null; reportAck?: null; followLogs?: null; stopLogs?: null }|{ message?: "challenge"; challenge: signalbox.agent.v1.Challenge.$Shape; welcome?: null; command?: null; reportAck?: null; followLogs?: null; stopLogs?: null }|{ message?: "welcome"; challenge?: null; welcome: signalbox.agent.v1.Welcome.$Shape; command?: null; reportAck?: null; followLogs?: null; stopLogs?: null }|{ message?: "command"; challenge?: null; welcome?: null; command: signalbox.agent.v1.Command.$Shape; reportAck?: null; followLogs?: null; stopLogs?: null }|{ message?: "reportAck"; challenge?: null; welcome?: null; command?: null; reportAck: number; followLogs?: null; stopLogs?: null }|{ message?: "followLogs"; challenge?: null; welcome?: null; command?: null; reportAck?: null; followLogs: signalbox.agent.v1.FollowLogs.$Shape; stopLogs?: null }|{ message?: "stopLogs"; challenge?: null; welcome?: null; command?: null; reportAck?: null; followLogs?: null; stopLogs: signalbox.agent.v1.StopLogs.$Shape })
                );
            }

            /**
             * Properties of a Hello.
             * @deprecated Use signalbox.agent.v1.Hello.$Properties instead.
             */
            interface IHello extends signalbox.agent.v1.Hello.$Properties {
            }

            /** Represents a Hello. */
            class Hello {

                /**
                 * Constructs a new Hello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Hello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Hello agentId. */
                agentId: string;

                /** Hello namespace. */
                namespace: string;

                /** Hello cluster. */
                cluster: string;

                /** Hello version. */
                version: string;

                /** Hello commandSeen. */
                commandSeen: number;

                /** Hello epochSeen. */
                epochSeen: number;

                /** Hello journalNew. */
                journalNew: boolean;

                /** Hello journalId. */
                journalId: string;

                /**
                 * Creates a new Hello instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Hello instance
                 */
                static create(properties: signalbox.agent.v1.Hello.$Shape): signalbox.agent.v1.Hello & signalbox.agent.v1.Hello.$Shape;
                static create(properties?: signalbox.agent.v1.Hello.$Properties): signalbox.agent.v1.Hello;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link signalbox.agent.v1.Hello.verify|verify} messages.
                 * @param message Hello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Hello & signalbox.agent.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Hello & signalbox.agent.v1.Hello.$Shape;

                /**
                 * Creates a Hello message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Hello
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Hello;

                /**
                 * Creates a plain object from a Hello message. Also converts values to other types if specified.
                 * @param message Hello
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Hello, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Hello to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Hello
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Hello {

                /** Properties of a Hello. */
                interface $Properties {

                    /** Hello agentId */
                    agentId?: (string|null);

                    /** Hello namespace */
                    namespace?: (string|null);

                    /** Hello cluster */
                    cluster?: (string|null);

                    /** Hello version */
                    version?: (string|null);

                    /** Hello commandSeen */
                    commandSeen?: (number|null);

                    /** Hello epochSeen */
                    epochSeen?: (number|null);

                    /** Hello journalNew */
                    journalNew?: (boolean|null);

                    /** Hello journalId */
                    journalId?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Hello. */
                type $Shape = signalbox.agent.v1.Hello.$Properties;
            }

            /**
             * Properties of a Challenge.
             * @deprecated Use signalbox.agent.v1.Challenge.$Properties instead.
             */
            interface IChallenge extends signalbox.agent.v1.Challenge.$Properties {
            }

            /** Represents a Challenge. */
            class Challenge {

                /**
                 * Constructs a new Challenge.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Challenge.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Challenge nonce. */
                nonce: Uint8Array;

                /**
                 * Creates a new Challenge instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Challenge instance
                 */
                static create(properties: signalbox.agent.v1.Challenge.$Shape): signalbox.agent.v1.Challenge & signalbox.agent.v1.Challenge.$Shape;
                static create(properties?: signalbox.agent.v1.Challenge.$Properties): signalbox.agent.v1.Challenge;

                /**
                 * Encodes the specified Challenge message. Does not implicitly {@link signalbox.agent.v1.Challenge.verify|verify} messages.
                 * @param message Challenge message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Challenge.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Challenge message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Challenge & signalbox.agent.v1.Challenge.$Shape} Challenge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Challenge & signalbox.agent.v1.Challenge.$Shape;

                /**
                 * Creates a Challenge message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Challenge
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Challenge;

                /**
                 * Creates a plain object from a Challenge message. Also converts values to other types if specified.
                 * @param message Challenge
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Challenge, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Challenge to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Challenge
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Challenge {

                /** Properties of a Challenge. */
                interface $Properties {

                    /** Challenge nonce */
                    nonce?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Challenge. */
                type $Shape = signalbox.agent.v1.Challenge.$Properties;
            }

            /**
             * Properties of a Proof.
             * @deprecated Use signalbox.agent.v1.Proof.$Properties instead.
             */
            interface IProof extends signalbox.agent.v1.Proof.$Properties {
            }

            /** Represents a Proof. */
            class Proof {

                /**
                 * Constructs a new Proof.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Proof.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Proof signature. */
                signature: Uint8Array;

                /**
                 * Creates a new Proof instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Proof instance
                 */
                static create(properties: signalbox.agent.v1.Proof.$Shape): signalbox.agent.v1.Proof & signalbox.agent.v1.Proof.$Shape;
                static create(properties?: signalbox.agent.v1.Proof.$Properties): signalbox.agent.v1.Proof;

                /**
                 * Encodes the specified Proof message. Does not implicitly {@link signalbox.agent.v1.Proof.verify|verify} messages.
                 * @param message Proof message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Proof.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Proof message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Proof & signalbox.agent.v1.Proof.$Shape} Proof
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Proof & signalbox.agent.v1.Proof.$Shape;

                /**
                 * Creates a Proof message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Proof
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Proof;

                /**
                 * Creates a plain object from a Proof message. Also converts values to other types if specified.
                 * @param message Proof
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Proof, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Proof to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Proof
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Proof {

                /** Properties of a Proof. */
                interface $Properties {

                    /** Proof signature */
                    signature?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Proof. */
                type $Shape = signalbox.agent.v1.Proof.$Properties;
            }

            /**
             * Properties of a Welcome.
             * @deprecated Use signalbox.agent.v1.Welcome.$Properties instead.
             */
            interface IWelcome extends signalbox.agent.v1.Welcome.$Properties {
            }

            /** Represents a Welcome. */
            class Welcome {

                /**
                 * Constructs a new Welcome.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Welcome.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Welcome epoch. */
                epoch: number;

                /** Welcome partition. */
                partition: number;

                /** Welcome reportSeen. */
                reportSeen: number;

                /** Welcome heartbeatIntervalMs. */
                heartbeatIntervalMs: number;

                /**
                 * Creates a new Welcome instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Welcome instance
                 */
                static create(properties: signalbox.agent.v1.Welcome.$Shape): signalbox.agent.v1.Welcome & signalbox.agent.v1.Welcome.$Shape;
                static create(properties?: signalbox.agent.v1.Welcome.$Properties): signalbox.agent.v1.Welcome;

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link signalbox.agent.v1.Welcome.verify|verify} messages.
                 * @param message Welcome message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Welcome.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Welcome & signalbox.agent.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Welcome & signalbox.agent.v1.Welcome.$Shape;

                /**
                 * Creates a Welcome message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Welcome
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Welcome;

                /**
                 * Creates a plain object from a Welcome message. Also converts values to other types if specified.
                 * @param message Welcome
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Welcome, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Welcome to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Welcome
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Welcome {

                /** Properties of a Welcome. */
                interface $Properties {

                    /** Welcome epoch */
                    epoch?: (number|null);

                    /** Welcome partition */
                    partition?: (number|null);

                    /** Welcome reportSeen */
                    reportSeen?: (number|null);

                    /** Welcome heartbeatIntervalMs */
                    heartbeatIntervalMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Welcome. */
                type $Shape = signalbox.agent.v1.Welcome.$Properties;
            }

            /**
             * Properties of a Command.
             * @deprecated Use signalbox.agent.v1.Command.$Properties instead.
             */
            interface ICommand extends signalbox.agent.v1.Command.$Properties {
            }

            /** Represents a Command. */
            class Command {

                /**
                 * Constructs a new Command.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Command.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Command seq. */
                seq: number;

                /** Command epoch. */
                epoch: number;

                /** Command submit. */
                submit?: (signalbox.agent.v1.Submit.$Properties|null);

                /** Command cancel. */
                cancel?: (signalbox.agent.v1.Cancel.$Properties|null);

                /** Command forget. */
                forget?: (signalbox.agent.v1.Forget.$Properties|null);

                /** Command kind. */
                kind?: ("submit"|"cancel"|"forget");

                /**
                 * Creates a new Command instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Command instance
                 */
                static create(properties: signalbox.agent.v1.Command.$Shape): signalbox.agent.v1.Command & signalbox.agent.v1.Command.$Shape;
                static create(properties?: signalbox.agent.v1.Command.$Properties): signalbox.agent.v1.Command;

                /**
                 * Encodes the specified Command message. Does not implicitly {@link signalbox.agent.v1.Command.verify|verify} messages.
                 * @param message Command message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Command.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Command message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Command & signalbox.agent.v1.Command.$Shape} Command
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Command & signalbox.agent.v1.Command.$Shape;

                /**
                 * Creates a Command message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Command
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Command;

                /**
                 * Creates a plain object from a Command message. Also converts values to other types if specified.
                 * @param message Command
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Command, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Command to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Command
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Command {

                /** Properties of a Command. */
                interface $Properties {

                    /** Command seq */
                    seq?: (number|null);

                    /** Command epoch */
                    epoch?: (number|null);

                    /** Command submit */
                    submit?: (signalbox.agent.v1.Submit.$Properties|null);

                    /** Command cancel */
                    cancel?: (signalbox.agent.v1.Cancel.$Properties|null);

                    /** Command forget */
                    forget?: (signalbox.agent.v1.Forget.$Properties|null);

                    /** Command kind */
                    kind?: ("submit"|"cancel"|"forget");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a Command. */
                type $Shape = {
                  seq?: number|null;
                  epoch?: number|null;
                  submit?: signalbox.agent.v1.Submit.$Shape|null;
                  cancel?: signalbox.agent.v1.Cancel.$Shape|null;
                  forget?: signalbox.agent.v1.Forget.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ kind?: undefined; submit?: null; cancel?: null; forget?: null }|{ kind?: "submit"; submit: signalbox.agent.v1.Submit.$Shape; cancel?: null; forget?: null }|{ kind?: "cancel"; submit?: null; cancel: signalbox.agent.v1.Cancel.$Shape; forget?: null }|{ kind?: "forget"; submit?: null; cancel?: null; forget: signalbox.agent.v1.Forget.$Shape })
                );
            }

            /**
             * Properties of a Submit.
             * @deprecated Use signalbox.agent.v1.Submit.$Properties instead.
             */
            interface ISubmit extends signalbox.agent.v1.Submit.$Properties {
            }

            /** Represents a Submit. */
            class Submit {

                /**
                 * Constructs a new Submit.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Submit.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Submit specJson. */
                specJson: Uint8Array;

                /**
                 * Creates a new Submit instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Submit instance
                 */
                static create(properties: signalbox.agent.v1.Submit.$Shape): signalbox.agent.v1.Submit & signalbox.agent.v1.Submit.$Shape;
                static create(properties?: signalbox.agent.v1.Submit.$Properties): signalbox.agent.v1.Submit;

                /**
                 * Encodes the specified Submit message. Does not implicitly {@link signalbox.agent.v1.Submit.verify|verify} messages.
                 * @param message Submit message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Submit.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Submit message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Submit & signalbox.agent.v1.Submit.$Shape} Submit
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Submit & signalbox.agent.v1.Submit.$Shape;

                /**
                 * Creates a Submit message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Submit
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Submit;

                /**
                 * Creates a plain object from a Submit message. Also converts values to other types if specified.
                 * @param message Submit
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Submit, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Submit to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Submit
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Submit {

                /** Properties of a Submit. */
                interface $Properties {

                    /** Submit specJson */
                    specJson?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Submit. */
                type $Shape = signalbox.agent.v1.Submit.$Properties;
            }

            /**
             * Properties of a Cancel.
             * @deprecated Use signalbox.agent.v1.Cancel.$Properties instead.
             */
            interface ICancel extends signalbox.agent.v1.Cancel.$Properties {
            }

            /** Represents a Cancel. */
            class Cancel {

                /**
                 * Constructs a new Cancel.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Cancel.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Cancel token. */
                token: string;

                /** Cancel reason. */
                reason: string;

                /**
                 * Creates a new Cancel instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Cancel instance
                 */
                static create(properties: signalbox.agent.v1.Cancel.$Shape): signalbox.agent.v1.Cancel & signalbox.agent.v1.Cancel.$Shape;
                static create(properties?: signalbox.agent.v1.Cancel.$Properties): signalbox.agent.v1.Cancel;

                /**
                 * Encodes the specified Cancel message. Does not implicitly {@link signalbox.agent.v1.Cancel.verify|verify} messages.
                 * @param message Cancel message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Cancel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Cancel message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Cancel & signalbox.agent.v1.Cancel.$Shape} Cancel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Cancel & signalbox.agent.v1.Cancel.$Shape;

                /**
                 * Creates a Cancel message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Cancel
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Cancel;

                /**
                 * Creates a plain object from a Cancel message. Also converts values to other types if specified.
                 * @param message Cancel
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Cancel, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Cancel to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Cancel
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Cancel {

                /** Properties of a Cancel. */
                interface $Properties {

                    /** Cancel token */
                    token?: (string|null);

                    /** Cancel reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Cancel. */
                type $Shape = signalbox.agent.v1.Cancel.$Properties;
            }

            /**
             * Properties of a Forget.
             * @deprecated Use signalbox.agent.v1.Forget.$Properties instead.
             */
            interface IForget extends signalbox.agent.v1.Forget.$Properties {
            }

            /** Represents a Forget. */
            class Forget {

                /**
                 * Constructs a new Forget.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Forget.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Forget token. */
                token: string;

                /**
                 * Creates a new Forget instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Forget instance
                 */
                static create(properties: signalbox.agent.v1.Forget.$Shape): signalbox.agent.v1.Forget & signalbox.agent.v1.Forget.$Shape;
                static create(properties?: signalbox.agent.v1.Forget.$Properties): signalbox.agent.v1.Forget;

                /**
                 * Encodes the specified Forget message. Does not implicitly {@link signalbox.agent.v1.Forget.verify|verify} messages.
                 * @param message Forget message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Forget.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Forget message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Forget & signalbox.agent.v1.Forget.$Shape} Forget
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Forget & signalbox.agent.v1.Forget.$Shape;

                /**
                 * Creates a Forget message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Forget
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Forget;

                /**
                 * Creates a plain object from a Forget message. Also converts values to other types if specified.
                 * @param message Forget
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Forget, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Forget to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Forget
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Forget {

                /** Properties of a Forget. */
                interface $Properties {

                    /** Forget token */
                    token?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Forget. */
                type $Shape = signalbox.agent.v1.Forget.$Properties;
            }

            /**
             * Properties of a Reports.
             * @deprecated Use signalbox.agent.v1.Reports.$Properties instead.
             */
            interface IReports extends signalbox.agent.v1.Reports.$Properties {
            }

            /** Represents a Reports. */
            class Reports {

                /**
                 * Constructs a new Reports.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Reports.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Reports reports. */
                reports: signalbox.agent.v1.Report.$Properties[];

                /**
                 * Creates a new Reports instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Reports instance
                 */
                static create(properties: signalbox.agent.v1.Reports.$Shape): signalbox.agent.v1.Reports & signalbox.agent.v1.Reports.$Shape;
                static create(properties?: signalbox.agent.v1.Reports.$Properties): signalbox.agent.v1.Reports;

                /**
                 * Encodes the specified Reports message. Does not implicitly {@link signalbox.agent.v1.Reports.verify|verify} messages.
                 * @param message Reports message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Reports.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Reports message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Reports & signalbox.agent.v1.Reports.$Shape} Reports
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Reports & signalbox.agent.v1.Reports.$Shape;

                /**
                 * Creates a Reports message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Reports
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Reports;

                /**
                 * Creates a plain object from a Reports message. Also converts values to other types if specified.
                 * @param message Reports
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Reports, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Reports to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Reports
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Reports {

                /** Properties of a Reports. */
                interface $Properties {

                    /** Reports reports */
                    reports?: (signalbox.agent.v1.Report.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Reports. */
                type $Shape = signalbox.agent.v1.Reports.$Properties;
            }

            /**
             * Properties of a Report.
             * @deprecated Use signalbox.agent.v1.Report.$Properties instead.
             */
            interface IReport extends signalbox.agent.v1.Report.$Properties {
            }

            /** Represents a Report. */
            class Report {

                /**
                 * Constructs a new Report.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Report.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Report seq. */
                seq: number;

                /** Report token. */
                token: string;

                /** Report reportJson. */
                reportJson: Uint8Array;

                /**
                 * Creates a new Report instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Report instance
                 */
                static create(properties: signalbox.agent.v1.Report.$Shape): signalbox.agent.v1.Report & signalbox.agent.v1.Report.$Shape;
                static create(properties?: signalbox.agent.v1.Report.$Properties): signalbox.agent.v1.Report;

                /**
                 * Encodes the specified Report message. Does not implicitly {@link signalbox.agent.v1.Report.verify|verify} messages.
                 * @param message Report message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Report.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Report message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Report & signalbox.agent.v1.Report.$Shape} Report
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Report & signalbox.agent.v1.Report.$Shape;

                /**
                 * Creates a Report message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Report
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Report;

                /**
                 * Creates a plain object from a Report message. Also converts values to other types if specified.
                 * @param message Report
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Report, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Report to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Report
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Report {

                /** Properties of a Report. */
                interface $Properties {

                    /** Report seq */
                    seq?: (number|null);

                    /** Report token */
                    token?: (string|null);

                    /** Report reportJson */
                    reportJson?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Report. */
                type $Shape = signalbox.agent.v1.Report.$Properties;
            }

            /**
             * Properties of a Heartbeat.
             * @deprecated Use signalbox.agent.v1.Heartbeat.$Properties instead.
             */
            interface IHeartbeat extends signalbox.agent.v1.Heartbeat.$Properties {
            }

            /** Represents a Heartbeat. */
            class Heartbeat {

                /**
                 * Constructs a new Heartbeat.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.Heartbeat.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Heartbeat atMs. */
                atMs: number;

                /** Heartbeat clusterState. */
                clusterState: string;

                /** Heartbeat clusterReason. */
                clusterReason: string;

                /** Heartbeat facts. */
                facts: { [k: string]: string };

                /** Heartbeat callsPerMinute. */
                callsPerMinute: number;

                /** Heartbeat liveAttempts. */
                liveAttempts: number;

                /**
                 * Creates a new Heartbeat instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Heartbeat instance
                 */
                static create(properties: signalbox.agent.v1.Heartbeat.$Shape): signalbox.agent.v1.Heartbeat & signalbox.agent.v1.Heartbeat.$Shape;
                static create(properties?: signalbox.agent.v1.Heartbeat.$Properties): signalbox.agent.v1.Heartbeat;

                /**
                 * Encodes the specified Heartbeat message. Does not implicitly {@link signalbox.agent.v1.Heartbeat.verify|verify} messages.
                 * @param message Heartbeat message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.Heartbeat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Heartbeat message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.Heartbeat & signalbox.agent.v1.Heartbeat.$Shape} Heartbeat
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.Heartbeat & signalbox.agent.v1.Heartbeat.$Shape;

                /**
                 * Creates a Heartbeat message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Heartbeat
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.Heartbeat;

                /**
                 * Creates a plain object from a Heartbeat message. Also converts values to other types if specified.
                 * @param message Heartbeat
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.Heartbeat, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Heartbeat to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Heartbeat
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Heartbeat {

                /** Properties of a Heartbeat. */
                interface $Properties {

                    /** Heartbeat atMs */
                    atMs?: (number|null);

                    /** Heartbeat clusterState */
                    clusterState?: (string|null);

                    /** Heartbeat clusterReason */
                    clusterReason?: (string|null);

                    /** Heartbeat facts */
                    facts?: ({ [k: string]: string }|null);

                    /** Heartbeat callsPerMinute */
                    callsPerMinute?: (number|null);

                    /** Heartbeat liveAttempts */
                    liveAttempts?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Heartbeat. */
                type $Shape = signalbox.agent.v1.Heartbeat.$Properties;
            }

            /**
             * Properties of a FollowLogs.
             * @deprecated Use signalbox.agent.v1.FollowLogs.$Properties instead.
             */
            interface IFollowLogs extends signalbox.agent.v1.FollowLogs.$Properties {
            }

            /** Represents a FollowLogs. */
            class FollowLogs {

                /**
                 * Constructs a new FollowLogs.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.FollowLogs.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** FollowLogs followId. */
                followId: string;

                /** FollowLogs token. */
                token: string;

                /** FollowLogs stream. */
                stream: string;

                /** FollowLogs follow. */
                follow: boolean;

                /** FollowLogs stdoutOffset. */
                stdoutOffset: number;

                /** FollowLogs stderrOffset. */
                stderrOffset: number;

                /**
                 * Creates a new FollowLogs instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns FollowLogs instance
                 */
                static create(properties: signalbox.agent.v1.FollowLogs.$Shape): signalbox.agent.v1.FollowLogs & signalbox.agent.v1.FollowLogs.$Shape;
                static create(properties?: signalbox.agent.v1.FollowLogs.$Properties): signalbox.agent.v1.FollowLogs;

                /**
                 * Encodes the specified FollowLogs message. Does not implicitly {@link signalbox.agent.v1.FollowLogs.verify|verify} messages.
                 * @param message FollowLogs message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.FollowLogs.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a FollowLogs message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.FollowLogs & signalbox.agent.v1.FollowLogs.$Shape} FollowLogs
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.FollowLogs & signalbox.agent.v1.FollowLogs.$Shape;

                /**
                 * Creates a FollowLogs message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns FollowLogs
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.FollowLogs;

                /**
                 * Creates a plain object from a FollowLogs message. Also converts values to other types if specified.
                 * @param message FollowLogs
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.FollowLogs, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this FollowLogs to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for FollowLogs
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace FollowLogs {

                /** Properties of a FollowLogs. */
                interface $Properties {

                    /** FollowLogs followId */
                    followId?: (string|null);

                    /** FollowLogs token */
                    token?: (string|null);

                    /** FollowLogs stream */
                    stream?: (string|null);

                    /** FollowLogs follow */
                    follow?: (boolean|null);

                    /** FollowLogs stdoutOffset */
                    stdoutOffset?: (number|null);

                    /** FollowLogs stderrOffset */
                    stderrOffset?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a FollowLogs. */
                type $Shape = signalbox.agent.v1.FollowLogs.$Properties;
            }

            /**
             * Properties of a StopLogs.
             * @deprecated Use signalbox.agent.v1.StopLogs.$Properties instead.
             */
            interface IStopLogs extends signalbox.agent.v1.StopLogs.$Properties {
            }

            /** Represents a StopLogs. */
            class StopLogs {

                /**
                 * Constructs a new StopLogs.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.StopLogs.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** StopLogs followId. */
                followId: string;

                /**
                 * Creates a new StopLogs instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns StopLogs instance
                 */
                static create(properties: signalbox.agent.v1.StopLogs.$Shape): signalbox.agent.v1.StopLogs & signalbox.agent.v1.StopLogs.$Shape;
                static create(properties?: signalbox.agent.v1.StopLogs.$Properties): signalbox.agent.v1.StopLogs;

                /**
                 * Encodes the specified StopLogs message. Does not implicitly {@link signalbox.agent.v1.StopLogs.verify|verify} messages.
                 * @param message StopLogs message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.StopLogs.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a StopLogs message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.StopLogs & signalbox.agent.v1.StopLogs.$Shape} StopLogs
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.StopLogs & signalbox.agent.v1.StopLogs.$Shape;

                /**
                 * Creates a StopLogs message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns StopLogs
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.StopLogs;

                /**
                 * Creates a plain object from a StopLogs message. Also converts values to other types if specified.
                 * @param message StopLogs
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.StopLogs, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this StopLogs to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for StopLogs
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace StopLogs {

                /** Properties of a StopLogs. */
                interface $Properties {

                    /** StopLogs followId */
                    followId?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a StopLogs. */
                type $Shape = signalbox.agent.v1.StopLogs.$Properties;
            }

            /**
             * Properties of a LogChunk.
             * @deprecated Use signalbox.agent.v1.LogChunk.$Properties instead.
             */
            interface ILogChunk extends signalbox.agent.v1.LogChunk.$Properties {
            }

            /** Represents a LogChunk. */
            class LogChunk {

                /**
                 * Constructs a new LogChunk.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.LogChunk.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** LogChunk followId. */
                followId: string;

                /** LogChunk stream. */
                stream: string;

                /** LogChunk data. */
                data: Uint8Array;

                /** LogChunk end. */
                end: boolean;

                /** LogChunk error. */
                error: string;

                /**
                 * Creates a new LogChunk instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns LogChunk instance
                 */
                static create(properties: signalbox.agent.v1.LogChunk.$Shape): signalbox.agent.v1.LogChunk & signalbox.agent.v1.LogChunk.$Shape;
                static create(properties?: signalbox.agent.v1.LogChunk.$Properties): signalbox.agent.v1.LogChunk;

                /**
                 * Encodes the specified LogChunk message. Does not implicitly {@link signalbox.agent.v1.LogChunk.verify|verify} messages.
                 * @param message LogChunk message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.LogChunk.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a LogChunk message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.LogChunk & signalbox.agent.v1.LogChunk.$Shape} LogChunk
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.LogChunk & signalbox.agent.v1.LogChunk.$Shape;

                /**
                 * Creates a LogChunk message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns LogChunk
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.LogChunk;

                /**
                 * Creates a plain object from a LogChunk message. Also converts values to other types if specified.
                 * @param message LogChunk
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.LogChunk, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this LogChunk to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for LogChunk
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace LogChunk {

                /** Properties of a LogChunk. */
                interface $Properties {

                    /** LogChunk followId */
                    followId?: (string|null);

                    /** LogChunk stream */
                    stream?: (string|null);

                    /** LogChunk data */
                    data?: (Uint8Array|null);

                    /** LogChunk end */
                    end?: (boolean|null);

                    /** LogChunk error */
                    error?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a LogChunk. */
                type $Shape = signalbox.agent.v1.LogChunk.$Properties;
            }

            /**
             * Properties of a PutArtifactRequest.
             * @deprecated Use signalbox.agent.v1.PutArtifactRequest.$Properties instead.
             */
            interface IPutArtifactRequest extends signalbox.agent.v1.PutArtifactRequest.$Properties {
            }

            /** Represents a PutArtifactRequest. */
            class PutArtifactRequest {

                /**
                 * Constructs a new PutArtifactRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.PutArtifactRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PutArtifactRequest digest. */
                digest: string;

                /** PutArtifactRequest data. */
                data: Uint8Array;

                /**
                 * Creates a new PutArtifactRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PutArtifactRequest instance
                 */
                static create(properties: signalbox.agent.v1.PutArtifactRequest.$Shape): signalbox.agent.v1.PutArtifactRequest & signalbox.agent.v1.PutArtifactRequest.$Shape;
                static create(properties?: signalbox.agent.v1.PutArtifactRequest.$Properties): signalbox.agent.v1.PutArtifactRequest;

                /**
                 * Encodes the specified PutArtifactRequest message. Does not implicitly {@link signalbox.agent.v1.PutArtifactRequest.verify|verify} messages.
                 * @param message PutArtifactRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.PutArtifactRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PutArtifactRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.PutArtifactRequest & signalbox.agent.v1.PutArtifactRequest.$Shape} PutArtifactRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.PutArtifactRequest & signalbox.agent.v1.PutArtifactRequest.$Shape;

                /**
                 * Creates a PutArtifactRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PutArtifactRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.PutArtifactRequest;

                /**
                 * Creates a plain object from a PutArtifactRequest message. Also converts values to other types if specified.
                 * @param message PutArtifactRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.PutArtifactRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PutArtifactRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PutArtifactRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PutArtifactRequest {

                /** Properties of a PutArtifactRequest. */
                interface $Properties {

                    /** PutArtifactRequest digest */
                    digest?: (string|null);

                    /** PutArtifactRequest data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PutArtifactRequest. */
                type $Shape = signalbox.agent.v1.PutArtifactRequest.$Properties;
            }

            /**
             * Properties of a PutArtifactResponse.
             * @deprecated Use signalbox.agent.v1.PutArtifactResponse.$Properties instead.
             */
            interface IPutArtifactResponse extends signalbox.agent.v1.PutArtifactResponse.$Properties {
            }

            /** Represents a PutArtifactResponse. */
            class PutArtifactResponse {

                /**
                 * Constructs a new PutArtifactResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.PutArtifactResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PutArtifactResponse digest. */
                digest: string;

                /**
                 * Creates a new PutArtifactResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PutArtifactResponse instance
                 */
                static create(properties: signalbox.agent.v1.PutArtifactResponse.$Shape): signalbox.agent.v1.PutArtifactResponse & signalbox.agent.v1.PutArtifactResponse.$Shape;
                static create(properties?: signalbox.agent.v1.PutArtifactResponse.$Properties): signalbox.agent.v1.PutArtifactResponse;

                /**
                 * Encodes the specified PutArtifactResponse message. Does not implicitly {@link signalbox.agent.v1.PutArtifactResponse.verify|verify} messages.
                 * @param message PutArtifactResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.PutArtifactResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PutArtifactResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.PutArtifactResponse & signalbox.agent.v1.PutArtifactResponse.$Shape} PutArtifactResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.PutArtifactResponse & signalbox.agent.v1.PutArtifactResponse.$Shape;

                /**
                 * Creates a PutArtifactResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PutArtifactResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.PutArtifactResponse;

                /**
                 * Creates a plain object from a PutArtifactResponse message. Also converts values to other types if specified.
                 * @param message PutArtifactResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.PutArtifactResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PutArtifactResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PutArtifactResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PutArtifactResponse {

                /** Properties of a PutArtifactResponse. */
                interface $Properties {

                    /** PutArtifactResponse digest */
                    digest?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PutArtifactResponse. */
                type $Shape = signalbox.agent.v1.PutArtifactResponse.$Properties;
            }

            /**
             * Properties of a GetArtifactRequest.
             * @deprecated Use signalbox.agent.v1.GetArtifactRequest.$Properties instead.
             */
            interface IGetArtifactRequest extends signalbox.agent.v1.GetArtifactRequest.$Properties {
            }

            /** Represents a GetArtifactRequest. */
            class GetArtifactRequest {

                /**
                 * Constructs a new GetArtifactRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.GetArtifactRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetArtifactRequest digest. */
                digest: string;

                /**
                 * Creates a new GetArtifactRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetArtifactRequest instance
                 */
                static create(properties: signalbox.agent.v1.GetArtifactRequest.$Shape): signalbox.agent.v1.GetArtifactRequest & signalbox.agent.v1.GetArtifactRequest.$Shape;
                static create(properties?: signalbox.agent.v1.GetArtifactRequest.$Properties): signalbox.agent.v1.GetArtifactRequest;

                /**
                 * Encodes the specified GetArtifactRequest message. Does not implicitly {@link signalbox.agent.v1.GetArtifactRequest.verify|verify} messages.
                 * @param message GetArtifactRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.GetArtifactRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetArtifactRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.GetArtifactRequest & signalbox.agent.v1.GetArtifactRequest.$Shape} GetArtifactRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.GetArtifactRequest & signalbox.agent.v1.GetArtifactRequest.$Shape;

                /**
                 * Creates a GetArtifactRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetArtifactRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.GetArtifactRequest;

                /**
                 * Creates a plain object from a GetArtifactRequest message. Also converts values to other types if specified.
                 * @param message GetArtifactRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.GetArtifactRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetArtifactRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetArtifactRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetArtifactRequest {

                /** Properties of a GetArtifactRequest. */
                interface $Properties {

                    /** GetArtifactRequest digest */
                    digest?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetArtifactRequest. */
                type $Shape = signalbox.agent.v1.GetArtifactRequest.$Properties;
            }

            /**
             * Properties of a GetArtifactResponse.
             * @deprecated Use signalbox.agent.v1.GetArtifactResponse.$Properties instead.
             */
            interface IGetArtifactResponse extends signalbox.agent.v1.GetArtifactResponse.$Properties {
            }

            /** Represents a GetArtifactResponse. */
            class GetArtifactResponse {

                /**
                 * Constructs a new GetArtifactResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.agent.v1.GetArtifactResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetArtifactResponse data. */
                data: Uint8Array;

                /**
                 * Creates a new GetArtifactResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetArtifactResponse instance
                 */
                static create(properties: signalbox.agent.v1.GetArtifactResponse.$Shape): signalbox.agent.v1.GetArtifactResponse & signalbox.agent.v1.GetArtifactResponse.$Shape;
                static create(properties?: signalbox.agent.v1.GetArtifactResponse.$Properties): signalbox.agent.v1.GetArtifactResponse;

                /**
                 * Encodes the specified GetArtifactResponse message. Does not implicitly {@link signalbox.agent.v1.GetArtifactResponse.verify|verify} messages.
                 * @param message GetArtifactResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.agent.v1.GetArtifactResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetArtifactResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.agent.v1.GetArtifactResponse & signalbox.agent.v1.GetArtifactResponse.$Shape} GetArtifactResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.agent.v1.GetArtifactResponse & signalbox.agent.v1.GetArtifactResponse.$Shape;

                /**
                 * Creates a GetArtifactResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetArtifactResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.agent.v1.GetArtifactResponse;

                /**
                 * Creates a plain object from a GetArtifactResponse message. Also converts values to other types if specified.
                 * @param message GetArtifactResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.agent.v1.GetArtifactResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetArtifactResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetArtifactResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetArtifactResponse {

                /** Properties of a GetArtifactResponse. */
                interface $Properties {

                    /** GetArtifactResponse data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetArtifactResponse. */
                type $Shape = signalbox.agent.v1.GetArtifactResponse.$Properties;
            }
        }
    }

    /** Namespace control. */
    namespace control {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of a FindMissingRequest.
             * @deprecated Use signalbox.control.v1.FindMissingRequest.$Properties instead.
             */
            interface IFindMissingRequest extends signalbox.control.v1.FindMissingRequest.$Properties {
            }

            /** Represents a FindMissingRequest. */
            class FindMissingRequest {

                /**
                 * Constructs a new FindMissingRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.FindMissingRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** FindMissingRequest namespace. */
                namespace: string;

                /** FindMissingRequest digests. */
                digests: string[];

                /**
                 * Creates a new FindMissingRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns FindMissingRequest instance
                 */
                static create(properties: signalbox.control.v1.FindMissingRequest.$Shape): signalbox.control.v1.FindMissingRequest & signalbox.control.v1.FindMissingRequest.$Shape;
                static create(properties?: signalbox.control.v1.FindMissingRequest.$Properties): signalbox.control.v1.FindMissingRequest;

                /**
                 * Encodes the specified FindMissingRequest message. Does not implicitly {@link signalbox.control.v1.FindMissingRequest.verify|verify} messages.
                 * @param message FindMissingRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.FindMissingRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a FindMissingRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.FindMissingRequest & signalbox.control.v1.FindMissingRequest.$Shape} FindMissingRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.FindMissingRequest & signalbox.control.v1.FindMissingRequest.$Shape;

                /**
                 * Creates a FindMissingRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns FindMissingRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.FindMissingRequest;

                /**
                 * Creates a plain object from a FindMissingRequest message. Also converts values to other types if specified.
                 * @param message FindMissingRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.FindMissingRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this FindMissingRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for FindMissingRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace FindMissingRequest {

                /** Properties of a FindMissingRequest. */
                interface $Properties {

                    /** FindMissingRequest namespace */
                    namespace?: (string|null);

                    /** FindMissingRequest digests */
                    digests?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a FindMissingRequest. */
                type $Shape = signalbox.control.v1.FindMissingRequest.$Properties;
            }

            /**
             * Properties of a FindMissingResponse.
             * @deprecated Use signalbox.control.v1.FindMissingResponse.$Properties instead.
             */
            interface IFindMissingResponse extends signalbox.control.v1.FindMissingResponse.$Properties {
            }

            /** Represents a FindMissingResponse. */
            class FindMissingResponse {

                /**
                 * Constructs a new FindMissingResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.FindMissingResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** FindMissingResponse missing. */
                missing: string[];

                /**
                 * Creates a new FindMissingResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns FindMissingResponse instance
                 */
                static create(properties: signalbox.control.v1.FindMissingResponse.$Shape): signalbox.control.v1.FindMissingResponse & signalbox.control.v1.FindMissingResponse.$Shape;
                static create(properties?: signalbox.control.v1.FindMissingResponse.$Properties): signalbox.control.v1.FindMissingResponse;

                /**
                 * Encodes the specified FindMissingResponse message. Does not implicitly {@link signalbox.control.v1.FindMissingResponse.verify|verify} messages.
                 * @param message FindMissingResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.FindMissingResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a FindMissingResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.FindMissingResponse & signalbox.control.v1.FindMissingResponse.$Shape} FindMissingResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.FindMissingResponse & signalbox.control.v1.FindMissingResponse.$Shape;

                /**
                 * Creates a FindMissingResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns FindMissingResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.FindMissingResponse;

                /**
                 * Creates a plain object from a FindMissingResponse message. Also converts values to other types if specified.
                 * @param message FindMissingResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.FindMissingResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this FindMissingResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for FindMissingResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace FindMissingResponse {

                /** Properties of a FindMissingResponse. */
                interface $Properties {

                    /** FindMissingResponse missing */
                    missing?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a FindMissingResponse. */
                type $Shape = signalbox.control.v1.FindMissingResponse.$Properties;
            }

            /**
             * Properties of a PutArtifactRequest.
             * @deprecated Use signalbox.control.v1.PutArtifactRequest.$Properties instead.
             */
            interface IPutArtifactRequest extends signalbox.control.v1.PutArtifactRequest.$Properties {
            }

            /** Represents a PutArtifactRequest. */
            class PutArtifactRequest {

                /**
                 * Constructs a new PutArtifactRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.PutArtifactRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PutArtifactRequest namespace. */
                namespace: string;

                /** PutArtifactRequest digest. */
                digest: string;

                /** PutArtifactRequest data. */
                data: Uint8Array;

                /**
                 * Creates a new PutArtifactRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PutArtifactRequest instance
                 */
                static create(properties: signalbox.control.v1.PutArtifactRequest.$Shape): signalbox.control.v1.PutArtifactRequest & signalbox.control.v1.PutArtifactRequest.$Shape;
                static create(properties?: signalbox.control.v1.PutArtifactRequest.$Properties): signalbox.control.v1.PutArtifactRequest;

                /**
                 * Encodes the specified PutArtifactRequest message. Does not implicitly {@link signalbox.control.v1.PutArtifactRequest.verify|verify} messages.
                 * @param message PutArtifactRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.PutArtifactRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PutArtifactRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.PutArtifactRequest & signalbox.control.v1.PutArtifactRequest.$Shape} PutArtifactRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.PutArtifactRequest & signalbox.control.v1.PutArtifactRequest.$Shape;

                /**
                 * Creates a PutArtifactRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PutArtifactRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.PutArtifactRequest;

                /**
                 * Creates a plain object from a PutArtifactRequest message. Also converts values to other types if specified.
                 * @param message PutArtifactRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.PutArtifactRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PutArtifactRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PutArtifactRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PutArtifactRequest {

                /** Properties of a PutArtifactRequest. */
                interface $Properties {

                    /** PutArtifactRequest namespace */
                    namespace?: (string|null);

                    /** PutArtifactRequest digest */
                    digest?: (string|null);

                    /** PutArtifactRequest data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PutArtifactRequest. */
                type $Shape = signalbox.control.v1.PutArtifactRequest.$Properties;
            }

            /**
             * Properties of a PutArtifactResponse.
             * @deprecated Use signalbox.control.v1.PutArtifactResponse.$Properties instead.
             */
            interface IPutArtifactResponse extends signalbox.control.v1.PutArtifactResponse.$Properties {
            }

            /** Represents a PutArtifactResponse. */
            class PutArtifactResponse {

                /**
                 * Constructs a new PutArtifactResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.PutArtifactResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PutArtifactResponse digest. */
                digest: string;

                /** PutArtifactResponse sizeBytes. */
                sizeBytes: number;

                /**
                 * Creates a new PutArtifactResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PutArtifactResponse instance
                 */
                static create(properties: signalbox.control.v1.PutArtifactResponse.$Shape): signalbox.control.v1.PutArtifactResponse & signalbox.control.v1.PutArtifactResponse.$Shape;
                static create(properties?: signalbox.control.v1.PutArtifactResponse.$Properties): signalbox.control.v1.PutArtifactResponse;

                /**
                 * Encodes the specified PutArtifactResponse message. Does not implicitly {@link signalbox.control.v1.PutArtifactResponse.verify|verify} messages.
                 * @param message PutArtifactResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.PutArtifactResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PutArtifactResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.PutArtifactResponse & signalbox.control.v1.PutArtifactResponse.$Shape} PutArtifactResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.PutArtifactResponse & signalbox.control.v1.PutArtifactResponse.$Shape;

                /**
                 * Creates a PutArtifactResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PutArtifactResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.PutArtifactResponse;

                /**
                 * Creates a plain object from a PutArtifactResponse message. Also converts values to other types if specified.
                 * @param message PutArtifactResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.PutArtifactResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PutArtifactResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PutArtifactResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PutArtifactResponse {

                /** Properties of a PutArtifactResponse. */
                interface $Properties {

                    /** PutArtifactResponse digest */
                    digest?: (string|null);

                    /** PutArtifactResponse sizeBytes */
                    sizeBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PutArtifactResponse. */
                type $Shape = signalbox.control.v1.PutArtifactResponse.$Properties;
            }

            /**
             * Properties of a GetArtifactRequest.
             * @deprecated Use signalbox.control.v1.GetArtifactRequest.$Properties instead.
             */
            interface IGetArtifactRequest extends signalbox.control.v1.GetArtifactRequest.$Properties {
            }

            /** Represents a GetArtifactRequest. */
            class GetArtifactRequest {

                /**
                 * Constructs a new GetArtifactRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetArtifactRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetArtifactRequest namespace. */
                namespace: string;

                /** GetArtifactRequest digest. */
                digest: string;

                /**
                 * Creates a new GetArtifactRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetArtifactRequest instance
                 */
                static create(properties: signalbox.control.v1.GetArtifactRequest.$Shape): signalbox.control.v1.GetArtifactRequest & signalbox.control.v1.GetArtifactRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetArtifactRequest.$Properties): signalbox.control.v1.GetArtifactRequest;

                /**
                 * Encodes the specified GetArtifactRequest message. Does not implicitly {@link signalbox.control.v1.GetArtifactRequest.verify|verify} messages.
                 * @param message GetArtifactRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetArtifactRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetArtifactRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetArtifactRequest & signalbox.control.v1.GetArtifactRequest.$Shape} GetArtifactRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetArtifactRequest & signalbox.control.v1.GetArtifactRequest.$Shape;

                /**
                 * Creates a GetArtifactRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetArtifactRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetArtifactRequest;

                /**
                 * Creates a plain object from a GetArtifactRequest message. Also converts values to other types if specified.
                 * @param message GetArtifactRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetArtifactRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetArtifactRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetArtifactRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetArtifactRequest {

                /** Properties of a GetArtifactRequest. */
                interface $Properties {

                    /** GetArtifactRequest namespace */
                    namespace?: (string|null);

                    /** GetArtifactRequest digest */
                    digest?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetArtifactRequest. */
                type $Shape = signalbox.control.v1.GetArtifactRequest.$Properties;
            }

            /**
             * Properties of a GetArtifactResponse.
             * @deprecated Use signalbox.control.v1.GetArtifactResponse.$Properties instead.
             */
            interface IGetArtifactResponse extends signalbox.control.v1.GetArtifactResponse.$Properties {
            }

            /** Represents a GetArtifactResponse. */
            class GetArtifactResponse {

                /**
                 * Constructs a new GetArtifactResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetArtifactResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetArtifactResponse data. */
                data: Uint8Array;

                /**
                 * Creates a new GetArtifactResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetArtifactResponse instance
                 */
                static create(properties: signalbox.control.v1.GetArtifactResponse.$Shape): signalbox.control.v1.GetArtifactResponse & signalbox.control.v1.GetArtifactResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetArtifactResponse.$Properties): signalbox.control.v1.GetArtifactResponse;

                /**
                 * Encodes the specified GetArtifactResponse message. Does not implicitly {@link signalbox.control.v1.GetArtifactResponse.verify|verify} messages.
                 * @param message GetArtifactResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetArtifactResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetArtifactResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetArtifactResponse & signalbox.control.v1.GetArtifactResponse.$Shape} GetArtifactResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetArtifactResponse & signalbox.control.v1.GetArtifactResponse.$Shape;

                /**
                 * Creates a GetArtifactResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetArtifactResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetArtifactResponse;

                /**
                 * Creates a plain object from a GetArtifactResponse message. Also converts values to other types if specified.
                 * @param message GetArtifactResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetArtifactResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetArtifactResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetArtifactResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetArtifactResponse {

                /** Properties of a GetArtifactResponse. */
                interface $Properties {

                    /** GetArtifactResponse data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetArtifactResponse. */
                type $Shape = signalbox.control.v1.GetArtifactResponse.$Properties;
            }

            /**
             * Properties of a Cluster.
             * @deprecated Use signalbox.control.v1.Cluster.$Properties instead.
             */
            interface ICluster extends signalbox.control.v1.Cluster.$Properties {
            }

            /** Represents a Cluster. */
            class Cluster {

                /**
                 * Constructs a new Cluster.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Cluster.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Cluster name. */
                name: string;

                /** Cluster namespace. */
                namespace: string;

                /** Cluster kind. */
                kind: string;

                /** Cluster agent. */
                agent: string;

                /** Cluster agentSeenAtMs. */
                agentSeenAtMs: number;

                /** Cluster state. */
                state: string;

                /** Cluster reason. */
                reason: string;

                /** Cluster slots. */
                slots: number;

                /** Cluster placed. */
                placed: number;

                /** Cluster waiting. */
                waiting: number;

                /** Cluster facts. */
                facts: { [k: string]: string };

                /** Cluster callsPerMinute. */
                callsPerMinute: number;

                /** Cluster agentId. */
                agentId: string;

                /** Cluster defaultCluster. */
                defaultCluster: boolean;

                /**
                 * Creates a new Cluster instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Cluster instance
                 */
                static create(properties: signalbox.control.v1.Cluster.$Shape): signalbox.control.v1.Cluster & signalbox.control.v1.Cluster.$Shape;
                static create(properties?: signalbox.control.v1.Cluster.$Properties): signalbox.control.v1.Cluster;

                /**
                 * Encodes the specified Cluster message. Does not implicitly {@link signalbox.control.v1.Cluster.verify|verify} messages.
                 * @param message Cluster message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Cluster.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Cluster message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Cluster & signalbox.control.v1.Cluster.$Shape} Cluster
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Cluster & signalbox.control.v1.Cluster.$Shape;

                /**
                 * Creates a Cluster message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Cluster
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Cluster;

                /**
                 * Creates a plain object from a Cluster message. Also converts values to other types if specified.
                 * @param message Cluster
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Cluster, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Cluster to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Cluster
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Cluster {

                /** Properties of a Cluster. */
                interface $Properties {

                    /** Cluster name */
                    name?: (string|null);

                    /** Cluster namespace */
                    namespace?: (string|null);

                    /** Cluster kind */
                    kind?: (string|null);

                    /** Cluster agent */
                    agent?: (string|null);

                    /** Cluster agentSeenAtMs */
                    agentSeenAtMs?: (number|null);

                    /** Cluster state */
                    state?: (string|null);

                    /** Cluster reason */
                    reason?: (string|null);

                    /** Cluster slots */
                    slots?: (number|null);

                    /** Cluster placed */
                    placed?: (number|null);

                    /** Cluster waiting */
                    waiting?: (number|null);

                    /** Cluster facts */
                    facts?: ({ [k: string]: string }|null);

                    /** Cluster callsPerMinute */
                    callsPerMinute?: (number|null);

                    /** Cluster agentId */
                    agentId?: (string|null);

                    /** Cluster defaultCluster */
                    defaultCluster?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Cluster. */
                type $Shape = signalbox.control.v1.Cluster.$Properties;
            }

            /**
             * Properties of an AddClusterRequest.
             * @deprecated Use signalbox.control.v1.AddClusterRequest.$Properties instead.
             */
            interface IAddClusterRequest extends signalbox.control.v1.AddClusterRequest.$Properties {
            }

            /** Represents an AddClusterRequest. */
            class AddClusterRequest {

                /**
                 * Constructs a new AddClusterRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.AddClusterRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AddClusterRequest namespace. */
                namespace: string;

                /** AddClusterRequest name. */
                name: string;

                /** AddClusterRequest kind. */
                kind: string;

                /** AddClusterRequest slots. */
                slots: number;

                /** AddClusterRequest makeDefault. */
                makeDefault: boolean;

                /**
                 * Creates a new AddClusterRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AddClusterRequest instance
                 */
                static create(properties: signalbox.control.v1.AddClusterRequest.$Shape): signalbox.control.v1.AddClusterRequest & signalbox.control.v1.AddClusterRequest.$Shape;
                static create(properties?: signalbox.control.v1.AddClusterRequest.$Properties): signalbox.control.v1.AddClusterRequest;

                /**
                 * Encodes the specified AddClusterRequest message. Does not implicitly {@link signalbox.control.v1.AddClusterRequest.verify|verify} messages.
                 * @param message AddClusterRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.AddClusterRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AddClusterRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.AddClusterRequest & signalbox.control.v1.AddClusterRequest.$Shape} AddClusterRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.AddClusterRequest & signalbox.control.v1.AddClusterRequest.$Shape;

                /**
                 * Creates an AddClusterRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AddClusterRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.AddClusterRequest;

                /**
                 * Creates a plain object from an AddClusterRequest message. Also converts values to other types if specified.
                 * @param message AddClusterRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.AddClusterRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AddClusterRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AddClusterRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AddClusterRequest {

                /** Properties of an AddClusterRequest. */
                interface $Properties {

                    /** AddClusterRequest namespace */
                    namespace?: (string|null);

                    /** AddClusterRequest name */
                    name?: (string|null);

                    /** AddClusterRequest kind */
                    kind?: (string|null);

                    /** AddClusterRequest slots */
                    slots?: (number|null);

                    /** AddClusterRequest makeDefault */
                    makeDefault?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AddClusterRequest. */
                type $Shape = signalbox.control.v1.AddClusterRequest.$Properties;
            }

            /**
             * Properties of an AddClusterResponse.
             * @deprecated Use signalbox.control.v1.AddClusterResponse.$Properties instead.
             */
            interface IAddClusterResponse extends signalbox.control.v1.AddClusterResponse.$Properties {
            }

            /** Represents an AddClusterResponse. */
            class AddClusterResponse {

                /**
                 * Constructs a new AddClusterResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.AddClusterResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AddClusterResponse cluster. */
                cluster?: (signalbox.control.v1.Cluster.$Properties|null);

                /** AddClusterResponse enrolmentToken. */
                enrolmentToken: string;

                /**
                 * Creates a new AddClusterResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AddClusterResponse instance
                 */
                static create(properties: signalbox.control.v1.AddClusterResponse.$Shape): signalbox.control.v1.AddClusterResponse & signalbox.control.v1.AddClusterResponse.$Shape;
                static create(properties?: signalbox.control.v1.AddClusterResponse.$Properties): signalbox.control.v1.AddClusterResponse;

                /**
                 * Encodes the specified AddClusterResponse message. Does not implicitly {@link signalbox.control.v1.AddClusterResponse.verify|verify} messages.
                 * @param message AddClusterResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.AddClusterResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AddClusterResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.AddClusterResponse & signalbox.control.v1.AddClusterResponse.$Shape} AddClusterResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.AddClusterResponse & signalbox.control.v1.AddClusterResponse.$Shape;

                /**
                 * Creates an AddClusterResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AddClusterResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.AddClusterResponse;

                /**
                 * Creates a plain object from an AddClusterResponse message. Also converts values to other types if specified.
                 * @param message AddClusterResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.AddClusterResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AddClusterResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AddClusterResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AddClusterResponse {

                /** Properties of an AddClusterResponse. */
                interface $Properties {

                    /** AddClusterResponse cluster */
                    cluster?: (signalbox.control.v1.Cluster.$Properties|null);

                    /** AddClusterResponse enrolmentToken */
                    enrolmentToken?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AddClusterResponse. */
                type $Shape = signalbox.control.v1.AddClusterResponse.$Properties;
            }

            /**
             * Properties of a GetClusterRequest.
             * @deprecated Use signalbox.control.v1.GetClusterRequest.$Properties instead.
             */
            interface IGetClusterRequest extends signalbox.control.v1.GetClusterRequest.$Properties {
            }

            /** Represents a GetClusterRequest. */
            class GetClusterRequest {

                /**
                 * Constructs a new GetClusterRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetClusterRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetClusterRequest namespace. */
                namespace: string;

                /** GetClusterRequest name. */
                name: string;

                /**
                 * Creates a new GetClusterRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetClusterRequest instance
                 */
                static create(properties: signalbox.control.v1.GetClusterRequest.$Shape): signalbox.control.v1.GetClusterRequest & signalbox.control.v1.GetClusterRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetClusterRequest.$Properties): signalbox.control.v1.GetClusterRequest;

                /**
                 * Encodes the specified GetClusterRequest message. Does not implicitly {@link signalbox.control.v1.GetClusterRequest.verify|verify} messages.
                 * @param message GetClusterRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetClusterRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetClusterRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetClusterRequest & signalbox.control.v1.GetClusterRequest.$Shape} GetClusterRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetClusterRequest & signalbox.control.v1.GetClusterRequest.$Shape;

                /**
                 * Creates a GetClusterRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetClusterRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetClusterRequest;

                /**
                 * Creates a plain object from a GetClusterRequest message. Also converts values to other types if specified.
                 * @param message GetClusterRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetClusterRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetClusterRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetClusterRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetClusterRequest {

                /** Properties of a GetClusterRequest. */
                interface $Properties {

                    /** GetClusterRequest namespace */
                    namespace?: (string|null);

                    /** GetClusterRequest name */
                    name?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetClusterRequest. */
                type $Shape = signalbox.control.v1.GetClusterRequest.$Properties;
            }

            /**
             * Properties of a GetClusterResponse.
             * @deprecated Use signalbox.control.v1.GetClusterResponse.$Properties instead.
             */
            interface IGetClusterResponse extends signalbox.control.v1.GetClusterResponse.$Properties {
            }

            /** Represents a GetClusterResponse. */
            class GetClusterResponse {

                /**
                 * Constructs a new GetClusterResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetClusterResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetClusterResponse cluster. */
                cluster?: (signalbox.control.v1.Cluster.$Properties|null);

                /**
                 * Creates a new GetClusterResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetClusterResponse instance
                 */
                static create(properties: signalbox.control.v1.GetClusterResponse.$Shape): signalbox.control.v1.GetClusterResponse & signalbox.control.v1.GetClusterResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetClusterResponse.$Properties): signalbox.control.v1.GetClusterResponse;

                /**
                 * Encodes the specified GetClusterResponse message. Does not implicitly {@link signalbox.control.v1.GetClusterResponse.verify|verify} messages.
                 * @param message GetClusterResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetClusterResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetClusterResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetClusterResponse & signalbox.control.v1.GetClusterResponse.$Shape} GetClusterResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetClusterResponse & signalbox.control.v1.GetClusterResponse.$Shape;

                /**
                 * Creates a GetClusterResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetClusterResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetClusterResponse;

                /**
                 * Creates a plain object from a GetClusterResponse message. Also converts values to other types if specified.
                 * @param message GetClusterResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetClusterResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetClusterResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetClusterResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetClusterResponse {

                /** Properties of a GetClusterResponse. */
                interface $Properties {

                    /** GetClusterResponse cluster */
                    cluster?: (signalbox.control.v1.Cluster.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetClusterResponse. */
                type $Shape = signalbox.control.v1.GetClusterResponse.$Properties;
            }

            /**
             * Properties of a ListClustersRequest.
             * @deprecated Use signalbox.control.v1.ListClustersRequest.$Properties instead.
             */
            interface IListClustersRequest extends signalbox.control.v1.ListClustersRequest.$Properties {
            }

            /** Represents a ListClustersRequest. */
            class ListClustersRequest {

                /**
                 * Constructs a new ListClustersRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListClustersRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListClustersRequest namespace. */
                namespace: string;

                /**
                 * Creates a new ListClustersRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListClustersRequest instance
                 */
                static create(properties: signalbox.control.v1.ListClustersRequest.$Shape): signalbox.control.v1.ListClustersRequest & signalbox.control.v1.ListClustersRequest.$Shape;
                static create(properties?: signalbox.control.v1.ListClustersRequest.$Properties): signalbox.control.v1.ListClustersRequest;

                /**
                 * Encodes the specified ListClustersRequest message. Does not implicitly {@link signalbox.control.v1.ListClustersRequest.verify|verify} messages.
                 * @param message ListClustersRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListClustersRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListClustersRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListClustersRequest & signalbox.control.v1.ListClustersRequest.$Shape} ListClustersRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListClustersRequest & signalbox.control.v1.ListClustersRequest.$Shape;

                /**
                 * Creates a ListClustersRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListClustersRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListClustersRequest;

                /**
                 * Creates a plain object from a ListClustersRequest message. Also converts values to other types if specified.
                 * @param message ListClustersRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListClustersRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListClustersRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListClustersRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListClustersRequest {

                /** Properties of a ListClustersRequest. */
                interface $Properties {

                    /** ListClustersRequest namespace */
                    namespace?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListClustersRequest. */
                type $Shape = signalbox.control.v1.ListClustersRequest.$Properties;
            }

            /**
             * Properties of a ListClustersResponse.
             * @deprecated Use signalbox.control.v1.ListClustersResponse.$Properties instead.
             */
            interface IListClustersResponse extends signalbox.control.v1.ListClustersResponse.$Properties {
            }

            /** Represents a ListClustersResponse. */
            class ListClustersResponse {

                /**
                 * Constructs a new ListClustersResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListClustersResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListClustersResponse clusters. */
                clusters: signalbox.control.v1.Cluster.$Properties[];

                /**
                 * Creates a new ListClustersResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListClustersResponse instance
                 */
                static create(properties: signalbox.control.v1.ListClustersResponse.$Shape): signalbox.control.v1.ListClustersResponse & signalbox.control.v1.ListClustersResponse.$Shape;
                static create(properties?: signalbox.control.v1.ListClustersResponse.$Properties): signalbox.control.v1.ListClustersResponse;

                /**
                 * Encodes the specified ListClustersResponse message. Does not implicitly {@link signalbox.control.v1.ListClustersResponse.verify|verify} messages.
                 * @param message ListClustersResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListClustersResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListClustersResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListClustersResponse & signalbox.control.v1.ListClustersResponse.$Shape} ListClustersResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListClustersResponse & signalbox.control.v1.ListClustersResponse.$Shape;

                /**
                 * Creates a ListClustersResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListClustersResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListClustersResponse;

                /**
                 * Creates a plain object from a ListClustersResponse message. Also converts values to other types if specified.
                 * @param message ListClustersResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListClustersResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListClustersResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListClustersResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListClustersResponse {

                /** Properties of a ListClustersResponse. */
                interface $Properties {

                    /** ListClustersResponse clusters */
                    clusters?: (signalbox.control.v1.Cluster.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListClustersResponse. */
                type $Shape = signalbox.control.v1.ListClustersResponse.$Properties;
            }

            /** RunState enum. */
            enum RunState {

                /** RUN_STATE_UNSPECIFIED value */
                RUN_STATE_UNSPECIFIED = 0,

                /** RUN_STATE_RUNNING value */
                RUN_STATE_RUNNING = 1,

                /** RUN_STATE_SUCCEEDED value */
                RUN_STATE_SUCCEEDED = 2,

                /** RUN_STATE_FAILED value */
                RUN_STATE_FAILED = 3,

                /** RUN_STATE_CANCELLING value */
                RUN_STATE_CANCELLING = 4,

                /** RUN_STATE_CANCELLED value */
                RUN_STATE_CANCELLED = 5
            }

            /** JobState enum. */
            enum JobState {

                /** JOB_STATE_UNSPECIFIED value */
                JOB_STATE_UNSPECIFIED = 0,

                /** JOB_STATE_BLOCKED value */
                JOB_STATE_BLOCKED = 1,

                /** JOB_STATE_QUEUED value */
                JOB_STATE_QUEUED = 2,

                /** JOB_STATE_SUBMITTING value */
                JOB_STATE_SUBMITTING = 3,

                /** JOB_STATE_SUBMITTED value */
                JOB_STATE_SUBMITTED = 4,

                /** JOB_STATE_RUNNING value */
                JOB_STATE_RUNNING = 5,

                /** JOB_STATE_BACKOFF value */
                JOB_STATE_BACKOFF = 6,

                /** JOB_STATE_SUCCEEDED value */
                JOB_STATE_SUCCEEDED = 7,

                /** JOB_STATE_FAILED value */
                JOB_STATE_FAILED = 8,

                /** JOB_STATE_CANCELLED value */
                JOB_STATE_CANCELLED = 9,

                /** JOB_STATE_SKIPPED value */
                JOB_STATE_SKIPPED = 10
            }

            /**
             * Properties of an Evidence.
             * @deprecated Use signalbox.control.v1.Evidence.$Properties instead.
             */
            interface IEvidence extends signalbox.control.v1.Evidence.$Properties {
            }

            /** Represents an Evidence. */
            class Evidence {

                /**
                 * Constructs a new Evidence.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Evidence.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Evidence source. */
                source: string;

                /** Evidence raw. */
                raw: string;

                /** Evidence atMs. */
                atMs: number;

                /**
                 * Creates a new Evidence instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Evidence instance
                 */
                static create(properties: signalbox.control.v1.Evidence.$Shape): signalbox.control.v1.Evidence & signalbox.control.v1.Evidence.$Shape;
                static create(properties?: signalbox.control.v1.Evidence.$Properties): signalbox.control.v1.Evidence;

                /**
                 * Encodes the specified Evidence message. Does not implicitly {@link signalbox.control.v1.Evidence.verify|verify} messages.
                 * @param message Evidence message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Evidence.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Evidence message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Evidence & signalbox.control.v1.Evidence.$Shape} Evidence
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Evidence & signalbox.control.v1.Evidence.$Shape;

                /**
                 * Creates an Evidence message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Evidence
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Evidence;

                /**
                 * Creates a plain object from an Evidence message. Also converts values to other types if specified.
                 * @param message Evidence
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Evidence, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Evidence to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Evidence
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Evidence {

                /** Properties of an Evidence. */
                interface $Properties {

                    /** Evidence source */
                    source?: (string|null);

                    /** Evidence raw */
                    raw?: (string|null);

                    /** Evidence atMs */
                    atMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Evidence. */
                type $Shape = signalbox.control.v1.Evidence.$Properties;
            }

            /**
             * Properties of an OutputValue.
             * @deprecated Use signalbox.control.v1.OutputValue.$Properties instead.
             */
            interface IOutputValue extends signalbox.control.v1.OutputValue.$Properties {
            }

            /** Represents an OutputValue. */
            class OutputValue {

                /**
                 * Constructs a new OutputValue.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.OutputValue.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** OutputValue name. */
                name: string;

                /** OutputValue value. */
                value?: (string|null);

                /** OutputValue file. */
                file?: (signalbox.control.v1.Artifact.$Properties|null);

                /** OutputValue kind. */
                kind?: ("value"|"file");

                /**
                 * Creates a new OutputValue instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns OutputValue instance
                 */
                static create(properties: signalbox.control.v1.OutputValue.$Shape): signalbox.control.v1.OutputValue & signalbox.control.v1.OutputValue.$Shape;
                static create(properties?: signalbox.control.v1.OutputValue.$Properties): signalbox.control.v1.OutputValue;

                /**
                 * Encodes the specified OutputValue message. Does not implicitly {@link signalbox.control.v1.OutputValue.verify|verify} messages.
                 * @param message OutputValue message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.OutputValue.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an OutputValue message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.OutputValue & signalbox.control.v1.OutputValue.$Shape} OutputValue
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.OutputValue & signalbox.control.v1.OutputValue.$Shape;

                /**
                 * Creates an OutputValue message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns OutputValue
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.OutputValue;

                /**
                 * Creates a plain object from an OutputValue message. Also converts values to other types if specified.
                 * @param message OutputValue
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.OutputValue, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this OutputValue to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for OutputValue
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace OutputValue {

                /** Properties of an OutputValue. */
                interface $Properties {

                    /** OutputValue name */
                    name?: (string|null);

                    /** OutputValue value */
                    value?: (string|null);

                    /** OutputValue file */
                    file?: (signalbox.control.v1.Artifact.$Properties|null);

                    /** OutputValue kind */
                    kind?: ("value"|"file");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of an OutputValue. */
                type $Shape = {
                  name?: string|null;
                  value?: string|null;
                  file?: signalbox.control.v1.Artifact.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ kind?: undefined; value?: null; file?: null }|{ kind?: "value"; value: string; file?: null }|{ kind?: "file"; value?: null; file: signalbox.control.v1.Artifact.$Shape })
                );
            }

            /**
             * Properties of an Artifact.
             * @deprecated Use signalbox.control.v1.Artifact.$Properties instead.
             */
            interface IArtifact extends signalbox.control.v1.Artifact.$Properties {
            }

            /** Represents an Artifact. */
            class Artifact {

                /**
                 * Constructs a new Artifact.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Artifact.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Artifact path. */
                path: string;

                /** Artifact digest. */
                digest: string;

                /** Artifact sizeBytes. */
                sizeBytes: number;

                /**
                 * Creates a new Artifact instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Artifact instance
                 */
                static create(properties: signalbox.control.v1.Artifact.$Shape): signalbox.control.v1.Artifact & signalbox.control.v1.Artifact.$Shape;
                static create(properties?: signalbox.control.v1.Artifact.$Properties): signalbox.control.v1.Artifact;

                /**
                 * Encodes the specified Artifact message. Does not implicitly {@link signalbox.control.v1.Artifact.verify|verify} messages.
                 * @param message Artifact message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Artifact.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Artifact message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Artifact & signalbox.control.v1.Artifact.$Shape} Artifact
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Artifact & signalbox.control.v1.Artifact.$Shape;

                /**
                 * Creates an Artifact message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Artifact
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Artifact;

                /**
                 * Creates a plain object from an Artifact message. Also converts values to other types if specified.
                 * @param message Artifact
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Artifact, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Artifact to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Artifact
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Artifact {

                /** Properties of an Artifact. */
                interface $Properties {

                    /** Artifact path */
                    path?: (string|null);

                    /** Artifact digest */
                    digest?: (string|null);

                    /** Artifact sizeBytes */
                    sizeBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Artifact. */
                type $Shape = signalbox.control.v1.Artifact.$Properties;
            }

            /**
             * Properties of a Page.
             * @deprecated Use signalbox.control.v1.Page.$Properties instead.
             */
            interface IPage extends signalbox.control.v1.Page.$Properties {
            }

            /** Represents a Page. */
            class Page {

                /**
                 * Constructs a new Page.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Page.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Page size. */
                size: number;

                /** Page token. */
                token: string;

                /**
                 * Creates a new Page instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Page instance
                 */
                static create(properties: signalbox.control.v1.Page.$Shape): signalbox.control.v1.Page & signalbox.control.v1.Page.$Shape;
                static create(properties?: signalbox.control.v1.Page.$Properties): signalbox.control.v1.Page;

                /**
                 * Encodes the specified Page message. Does not implicitly {@link signalbox.control.v1.Page.verify|verify} messages.
                 * @param message Page message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Page.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Page message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Page & signalbox.control.v1.Page.$Shape} Page
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Page & signalbox.control.v1.Page.$Shape;

                /**
                 * Creates a Page message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Page
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Page;

                /**
                 * Creates a plain object from a Page message. Also converts values to other types if specified.
                 * @param message Page
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Page, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Page to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Page
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Page {

                /** Properties of a Page. */
                interface $Properties {

                    /** Page size */
                    size?: (number|null);

                    /** Page token */
                    token?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Page. */
                type $Shape = signalbox.control.v1.Page.$Properties;
            }

            /**
             * Properties of a Job.
             * @deprecated Use signalbox.control.v1.Job.$Properties instead.
             */
            interface IJob extends signalbox.control.v1.Job.$Properties {
            }

            /** Represents a Job. */
            class Job {

                /**
                 * Constructs a new Job.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Job.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Job id. */
                id: string;

                /** Job runId. */
                runId: string;

                /** Job task. */
                task: string;

                /** Job state. */
                state: signalbox.control.v1.JobState;

                /** Job reason. */
                reason: string;

                /** Job cluster. */
                cluster: string;

                /** Job attempt. */
                attempt: number;

                /** Job schedulerJobId. */
                schedulerJobId: string;

                /** Job cause. */
                cause: string;

                /** Job exitCode. */
                exitCode: number;

                /** Job createdAtMs. */
                createdAtMs: number;

                /** Job startedAtMs. */
                startedAtMs: number;

                /** Job endedAtMs. */
                endedAtMs: number;

                /** Job outputs. */
                outputs: signalbox.control.v1.OutputValue.$Properties[];

                /** Job attempts. */
                attempts: signalbox.control.v1.Attempt.$Properties[];

                /** Job ordinal. */
                ordinal: number;

                /** Job needs. */
                needs: string[];

                /** Job reachable. */
                reachable: boolean;

                /** Job priority. */
                priority: number;

                /**
                 * Creates a new Job instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Job instance
                 */
                static create(properties: signalbox.control.v1.Job.$Shape): signalbox.control.v1.Job & signalbox.control.v1.Job.$Shape;
                static create(properties?: signalbox.control.v1.Job.$Properties): signalbox.control.v1.Job;

                /**
                 * Encodes the specified Job message. Does not implicitly {@link signalbox.control.v1.Job.verify|verify} messages.
                 * @param message Job message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Job.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Job message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Job & signalbox.control.v1.Job.$Shape} Job
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Job & signalbox.control.v1.Job.$Shape;

                /**
                 * Creates a Job message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Job
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Job;

                /**
                 * Creates a plain object from a Job message. Also converts values to other types if specified.
                 * @param message Job
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Job, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Job to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Job
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Job {

                /** Properties of a Job. */
                interface $Properties {

                    /** Job id */
                    id?: (string|null);

                    /** Job runId */
                    runId?: (string|null);

                    /** Job task */
                    task?: (string|null);

                    /** Job state */
                    state?: (signalbox.control.v1.JobState|null);

                    /** Job reason */
                    reason?: (string|null);

                    /** Job cluster */
                    cluster?: (string|null);

                    /** Job attempt */
                    attempt?: (number|null);

                    /** Job schedulerJobId */
                    schedulerJobId?: (string|null);

                    /** Job cause */
                    cause?: (string|null);

                    /** Job exitCode */
                    exitCode?: (number|null);

                    /** Job createdAtMs */
                    createdAtMs?: (number|null);

                    /** Job startedAtMs */
                    startedAtMs?: (number|null);

                    /** Job endedAtMs */
                    endedAtMs?: (number|null);

                    /** Job outputs */
                    outputs?: (signalbox.control.v1.OutputValue.$Properties[]|null);

                    /** Job attempts */
                    attempts?: (signalbox.control.v1.Attempt.$Properties[]|null);

                    /** Job ordinal */
                    ordinal?: (number|null);

                    /** Job needs */
                    needs?: (string[]|null);

                    /** Job reachable */
                    reachable?: (boolean|null);

                    /** Job priority */
                    priority?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Job. */
                type $Shape = {
                  id?: string|null;
                  runId?: string|null;
                  task?: string|null;
                  state?: signalbox.control.v1.JobState|null;
                  reason?: string|null;
                  cluster?: string|null;
                  attempt?: number|null;
                  schedulerJobId?: string|null;
                  cause?: string|null;
                  exitCode?: number|null;
                  createdAtMs?: number|null;
                  startedAtMs?: number|null;
                  endedAtMs?: number|null;
                  outputs?: signalbox.control.v1.OutputValue.$Shape[]|null;
                  attempts?: signalbox.control.v1.Attempt.$Shape[]|null;
                  ordinal?: number|null;
                  needs?: string[]|null;
                  reachable?: boolean|null;
                  priority?: number|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of an Attempt.
             * @deprecated Use signalbox.control.v1.Attempt.$Properties instead.
             */
            interface IAttempt extends signalbox.control.v1.Attempt.$Properties {
            }

            /** Represents an Attempt. */
            class Attempt {

                /**
                 * Constructs a new Attempt.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Attempt.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Attempt number. */
                number: number;

                /** Attempt token. */
                token: string;

                /** Attempt cluster. */
                cluster: string;

                /** Attempt schedulerJobId. */
                schedulerJobId: string;

                /** Attempt phase. */
                phase: string;

                /** Attempt cause. */
                cause: string;

                /** Attempt exitCode. */
                exitCode: number;

                /** Attempt signal. */
                signal: number;

                /** Attempt confidence. */
                confidence: string;

                /** Attempt message. */
                message: string;

                /** Attempt placedAtMs. */
                placedAtMs: number;

                /** Attempt startedAtMs. */
                startedAtMs: number;

                /** Attempt endedAtMs. */
                endedAtMs: number;

                /** Attempt cpuMs. */
                cpuMs: number;

                /** Attempt maxRssKb. */
                maxRssKb: number;

                /** Attempt evidence. */
                evidence: signalbox.control.v1.Evidence.$Properties[];

                /**
                 * Creates a new Attempt instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Attempt instance
                 */
                static create(properties: signalbox.control.v1.Attempt.$Shape): signalbox.control.v1.Attempt & signalbox.control.v1.Attempt.$Shape;
                static create(properties?: signalbox.control.v1.Attempt.$Properties): signalbox.control.v1.Attempt;

                /**
                 * Encodes the specified Attempt message. Does not implicitly {@link signalbox.control.v1.Attempt.verify|verify} messages.
                 * @param message Attempt message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Attempt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Attempt message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Attempt & signalbox.control.v1.Attempt.$Shape} Attempt
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Attempt & signalbox.control.v1.Attempt.$Shape;

                /**
                 * Creates an Attempt message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Attempt
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Attempt;

                /**
                 * Creates a plain object from an Attempt message. Also converts values to other types if specified.
                 * @param message Attempt
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Attempt, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Attempt to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Attempt
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Attempt {

                /** Properties of an Attempt. */
                interface $Properties {

                    /** Attempt number */
                    number?: (number|null);

                    /** Attempt token */
                    token?: (string|null);

                    /** Attempt cluster */
                    cluster?: (string|null);

                    /** Attempt schedulerJobId */
                    schedulerJobId?: (string|null);

                    /** Attempt phase */
                    phase?: (string|null);

                    /** Attempt cause */
                    cause?: (string|null);

                    /** Attempt exitCode */
                    exitCode?: (number|null);

                    /** Attempt signal */
                    signal?: (number|null);

                    /** Attempt confidence */
                    confidence?: (string|null);

                    /** Attempt message */
                    message?: (string|null);

                    /** Attempt placedAtMs */
                    placedAtMs?: (number|null);

                    /** Attempt startedAtMs */
                    startedAtMs?: (number|null);

                    /** Attempt endedAtMs */
                    endedAtMs?: (number|null);

                    /** Attempt cpuMs */
                    cpuMs?: (number|null);

                    /** Attempt maxRssKb */
                    maxRssKb?: (number|null);

                    /** Attempt evidence */
                    evidence?: (signalbox.control.v1.Evidence.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Attempt. */
                type $Shape = signalbox.control.v1.Attempt.$Properties;
            }

            /**
             * Properties of a GetJobRequest.
             * @deprecated Use signalbox.control.v1.GetJobRequest.$Properties instead.
             */
            interface IGetJobRequest extends signalbox.control.v1.GetJobRequest.$Properties {
            }

            /** Represents a GetJobRequest. */
            class GetJobRequest {

                /**
                 * Constructs a new GetJobRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetJobRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetJobRequest namespace. */
                namespace: string;

                /** GetJobRequest id. */
                id: string;

                /**
                 * Creates a new GetJobRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetJobRequest instance
                 */
                static create(properties: signalbox.control.v1.GetJobRequest.$Shape): signalbox.control.v1.GetJobRequest & signalbox.control.v1.GetJobRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetJobRequest.$Properties): signalbox.control.v1.GetJobRequest;

                /**
                 * Encodes the specified GetJobRequest message. Does not implicitly {@link signalbox.control.v1.GetJobRequest.verify|verify} messages.
                 * @param message GetJobRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetJobRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetJobRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetJobRequest & signalbox.control.v1.GetJobRequest.$Shape} GetJobRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetJobRequest & signalbox.control.v1.GetJobRequest.$Shape;

                /**
                 * Creates a GetJobRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetJobRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetJobRequest;

                /**
                 * Creates a plain object from a GetJobRequest message. Also converts values to other types if specified.
                 * @param message GetJobRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetJobRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetJobRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetJobRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetJobRequest {

                /** Properties of a GetJobRequest. */
                interface $Properties {

                    /** GetJobRequest namespace */
                    namespace?: (string|null);

                    /** GetJobRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetJobRequest. */
                type $Shape = signalbox.control.v1.GetJobRequest.$Properties;
            }

            /**
             * Properties of a GetJobResponse.
             * @deprecated Use signalbox.control.v1.GetJobResponse.$Properties instead.
             */
            interface IGetJobResponse extends signalbox.control.v1.GetJobResponse.$Properties {
            }

            /** Represents a GetJobResponse. */
            class GetJobResponse {

                /**
                 * Constructs a new GetJobResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetJobResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetJobResponse job. */
                job?: (signalbox.control.v1.Job.$Properties|null);

                /**
                 * Creates a new GetJobResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetJobResponse instance
                 */
                static create(properties: signalbox.control.v1.GetJobResponse.$Shape): signalbox.control.v1.GetJobResponse & signalbox.control.v1.GetJobResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetJobResponse.$Properties): signalbox.control.v1.GetJobResponse;

                /**
                 * Encodes the specified GetJobResponse message. Does not implicitly {@link signalbox.control.v1.GetJobResponse.verify|verify} messages.
                 * @param message GetJobResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetJobResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetJobResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetJobResponse & signalbox.control.v1.GetJobResponse.$Shape} GetJobResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetJobResponse & signalbox.control.v1.GetJobResponse.$Shape;

                /**
                 * Creates a GetJobResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetJobResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetJobResponse;

                /**
                 * Creates a plain object from a GetJobResponse message. Also converts values to other types if specified.
                 * @param message GetJobResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetJobResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetJobResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetJobResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetJobResponse {

                /** Properties of a GetJobResponse. */
                interface $Properties {

                    /** GetJobResponse job */
                    job?: (signalbox.control.v1.Job.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetJobResponse. */
                type $Shape = {
                  job?: signalbox.control.v1.Job.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a ListJobsRequest.
             * @deprecated Use signalbox.control.v1.ListJobsRequest.$Properties instead.
             */
            interface IListJobsRequest extends signalbox.control.v1.ListJobsRequest.$Properties {
            }

            /** Represents a ListJobsRequest. */
            class ListJobsRequest {

                /**
                 * Constructs a new ListJobsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListJobsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListJobsRequest namespace. */
                namespace: string;

                /** ListJobsRequest page. */
                page?: (signalbox.control.v1.Page.$Properties|null);

                /** ListJobsRequest runId. */
                runId: string;

                /** ListJobsRequest states. */
                states: signalbox.control.v1.JobState[];

                /** ListJobsRequest cluster. */
                cluster: string;

                /** ListJobsRequest name. */
                name: string;

                /** ListJobsRequest sinceMs. */
                sinceMs: number;

                /** ListJobsRequest untilMs. */
                untilMs: number;

                /**
                 * Creates a new ListJobsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListJobsRequest instance
                 */
                static create(properties: signalbox.control.v1.ListJobsRequest.$Shape): signalbox.control.v1.ListJobsRequest & signalbox.control.v1.ListJobsRequest.$Shape;
                static create(properties?: signalbox.control.v1.ListJobsRequest.$Properties): signalbox.control.v1.ListJobsRequest;

                /**
                 * Encodes the specified ListJobsRequest message. Does not implicitly {@link signalbox.control.v1.ListJobsRequest.verify|verify} messages.
                 * @param message ListJobsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListJobsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListJobsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListJobsRequest & signalbox.control.v1.ListJobsRequest.$Shape} ListJobsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListJobsRequest & signalbox.control.v1.ListJobsRequest.$Shape;

                /**
                 * Creates a ListJobsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListJobsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListJobsRequest;

                /**
                 * Creates a plain object from a ListJobsRequest message. Also converts values to other types if specified.
                 * @param message ListJobsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListJobsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListJobsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListJobsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListJobsRequest {

                /** Properties of a ListJobsRequest. */
                interface $Properties {

                    /** ListJobsRequest namespace */
                    namespace?: (string|null);

                    /** ListJobsRequest page */
                    page?: (signalbox.control.v1.Page.$Properties|null);

                    /** ListJobsRequest runId */
                    runId?: (string|null);

                    /** ListJobsRequest states */
                    states?: (signalbox.control.v1.JobState[]|null);

                    /** ListJobsRequest cluster */
                    cluster?: (string|null);

                    /** ListJobsRequest name */
                    name?: (string|null);

                    /** ListJobsRequest sinceMs */
                    sinceMs?: (number|null);

                    /** ListJobsRequest untilMs */
                    untilMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListJobsRequest. */
                type $Shape = signalbox.control.v1.ListJobsRequest.$Properties;
            }

            /**
             * Properties of a ListJobsResponse.
             * @deprecated Use signalbox.control.v1.ListJobsResponse.$Properties instead.
             */
            interface IListJobsResponse extends signalbox.control.v1.ListJobsResponse.$Properties {
            }

            /** Represents a ListJobsResponse. */
            class ListJobsResponse {

                /**
                 * Constructs a new ListJobsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListJobsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListJobsResponse jobs. */
                jobs: signalbox.control.v1.Job.$Properties[];

                /** ListJobsResponse nextToken. */
                nextToken: string;

                /**
                 * Creates a new ListJobsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListJobsResponse instance
                 */
                static create(properties: signalbox.control.v1.ListJobsResponse.$Shape): signalbox.control.v1.ListJobsResponse & signalbox.control.v1.ListJobsResponse.$Shape;
                static create(properties?: signalbox.control.v1.ListJobsResponse.$Properties): signalbox.control.v1.ListJobsResponse;

                /**
                 * Encodes the specified ListJobsResponse message. Does not implicitly {@link signalbox.control.v1.ListJobsResponse.verify|verify} messages.
                 * @param message ListJobsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListJobsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListJobsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListJobsResponse & signalbox.control.v1.ListJobsResponse.$Shape} ListJobsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListJobsResponse & signalbox.control.v1.ListJobsResponse.$Shape;

                /**
                 * Creates a ListJobsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListJobsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListJobsResponse;

                /**
                 * Creates a plain object from a ListJobsResponse message. Also converts values to other types if specified.
                 * @param message ListJobsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListJobsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListJobsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListJobsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListJobsResponse {

                /** Properties of a ListJobsResponse. */
                interface $Properties {

                    /** ListJobsResponse jobs */
                    jobs?: (signalbox.control.v1.Job.$Properties[]|null);

                    /** ListJobsResponse nextToken */
                    nextToken?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListJobsResponse. */
                type $Shape = {
                  jobs?: signalbox.control.v1.Job.$Shape[]|null;
                  nextToken?: string|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of an ExplainJobRequest.
             * @deprecated Use signalbox.control.v1.ExplainJobRequest.$Properties instead.
             */
            interface IExplainJobRequest extends signalbox.control.v1.ExplainJobRequest.$Properties {
            }

            /** Represents an ExplainJobRequest. */
            class ExplainJobRequest {

                /**
                 * Constructs a new ExplainJobRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ExplainJobRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ExplainJobRequest namespace. */
                namespace: string;

                /** ExplainJobRequest id. */
                id: string;

                /**
                 * Creates a new ExplainJobRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ExplainJobRequest instance
                 */
                static create(properties: signalbox.control.v1.ExplainJobRequest.$Shape): signalbox.control.v1.ExplainJobRequest & signalbox.control.v1.ExplainJobRequest.$Shape;
                static create(properties?: signalbox.control.v1.ExplainJobRequest.$Properties): signalbox.control.v1.ExplainJobRequest;

                /**
                 * Encodes the specified ExplainJobRequest message. Does not implicitly {@link signalbox.control.v1.ExplainJobRequest.verify|verify} messages.
                 * @param message ExplainJobRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ExplainJobRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an ExplainJobRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ExplainJobRequest & signalbox.control.v1.ExplainJobRequest.$Shape} ExplainJobRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ExplainJobRequest & signalbox.control.v1.ExplainJobRequest.$Shape;

                /**
                 * Creates an ExplainJobRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ExplainJobRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ExplainJobRequest;

                /**
                 * Creates a plain object from an ExplainJobRequest message. Also converts values to other types if specified.
                 * @param message ExplainJobRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ExplainJobRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ExplainJobRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ExplainJobRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ExplainJobRequest {

                /** Properties of an ExplainJobRequest. */
                interface $Properties {

                    /** ExplainJobRequest namespace */
                    namespace?: (string|null);

                    /** ExplainJobRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an ExplainJobRequest. */
                type $Shape = signalbox.control.v1.ExplainJobRequest.$Properties;
            }

            /**
             * Properties of an ExplainJobResponse.
             * @deprecated Use signalbox.control.v1.ExplainJobResponse.$Properties instead.
             */
            interface IExplainJobResponse extends signalbox.control.v1.ExplainJobResponse.$Properties {
            }

            /** Represents an ExplainJobResponse. */
            class ExplainJobResponse {

                /**
                 * Constructs a new ExplainJobResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ExplainJobResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ExplainJobResponse job. */
                job?: (signalbox.control.v1.Job.$Properties|null);

                /** ExplainJobResponse waitsFor. */
                waitsFor: string[];

                /** ExplainJobResponse limit. */
                limit: string;

                /** ExplainJobResponse nextAction. */
                nextAction: string;

                /** ExplainJobResponse hints. */
                hints: string[];

                /**
                 * Creates a new ExplainJobResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ExplainJobResponse instance
                 */
                static create(properties: signalbox.control.v1.ExplainJobResponse.$Shape): signalbox.control.v1.ExplainJobResponse & signalbox.control.v1.ExplainJobResponse.$Shape;
                static create(properties?: signalbox.control.v1.ExplainJobResponse.$Properties): signalbox.control.v1.ExplainJobResponse;

                /**
                 * Encodes the specified ExplainJobResponse message. Does not implicitly {@link signalbox.control.v1.ExplainJobResponse.verify|verify} messages.
                 * @param message ExplainJobResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ExplainJobResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an ExplainJobResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ExplainJobResponse & signalbox.control.v1.ExplainJobResponse.$Shape} ExplainJobResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ExplainJobResponse & signalbox.control.v1.ExplainJobResponse.$Shape;

                /**
                 * Creates an ExplainJobResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ExplainJobResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ExplainJobResponse;

                /**
                 * Creates a plain object from an ExplainJobResponse message. Also converts values to other types if specified.
                 * @param message ExplainJobResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ExplainJobResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ExplainJobResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ExplainJobResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ExplainJobResponse {

                /** Properties of an ExplainJobResponse. */
                interface $Properties {

                    /** ExplainJobResponse job */
                    job?: (signalbox.control.v1.Job.$Properties|null);

                    /** ExplainJobResponse waitsFor */
                    waitsFor?: (string[]|null);

                    /** ExplainJobResponse limit */
                    limit?: (string|null);

                    /** ExplainJobResponse nextAction */
                    nextAction?: (string|null);

                    /** ExplainJobResponse hints */
                    hints?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an ExplainJobResponse. */
                type $Shape = {
                  job?: signalbox.control.v1.Job.$Shape|null;
                  waitsFor?: string[]|null;
                  limit?: string|null;
                  nextAction?: string|null;
                  hints?: string[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a CancelJobRequest.
             * @deprecated Use signalbox.control.v1.CancelJobRequest.$Properties instead.
             */
            interface ICancelJobRequest extends signalbox.control.v1.CancelJobRequest.$Properties {
            }

            /** Represents a CancelJobRequest. */
            class CancelJobRequest {

                /**
                 * Constructs a new CancelJobRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CancelJobRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CancelJobRequest namespace. */
                namespace: string;

                /** CancelJobRequest id. */
                id: string;

                /** CancelJobRequest reason. */
                reason: string;

                /**
                 * Creates a new CancelJobRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CancelJobRequest instance
                 */
                static create(properties: signalbox.control.v1.CancelJobRequest.$Shape): signalbox.control.v1.CancelJobRequest & signalbox.control.v1.CancelJobRequest.$Shape;
                static create(properties?: signalbox.control.v1.CancelJobRequest.$Properties): signalbox.control.v1.CancelJobRequest;

                /**
                 * Encodes the specified CancelJobRequest message. Does not implicitly {@link signalbox.control.v1.CancelJobRequest.verify|verify} messages.
                 * @param message CancelJobRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CancelJobRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CancelJobRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CancelJobRequest & signalbox.control.v1.CancelJobRequest.$Shape} CancelJobRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CancelJobRequest & signalbox.control.v1.CancelJobRequest.$Shape;

                /**
                 * Creates a CancelJobRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CancelJobRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CancelJobRequest;

                /**
                 * Creates a plain object from a CancelJobRequest message. Also converts values to other types if specified.
                 * @param message CancelJobRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CancelJobRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CancelJobRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CancelJobRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CancelJobRequest {

                /** Properties of a CancelJobRequest. */
                interface $Properties {

                    /** CancelJobRequest namespace */
                    namespace?: (string|null);

                    /** CancelJobRequest id */
                    id?: (string|null);

                    /** CancelJobRequest reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CancelJobRequest. */
                type $Shape = signalbox.control.v1.CancelJobRequest.$Properties;
            }

            /**
             * Properties of a CancelJobResponse.
             * @deprecated Use signalbox.control.v1.CancelJobResponse.$Properties instead.
             */
            interface ICancelJobResponse extends signalbox.control.v1.CancelJobResponse.$Properties {
            }

            /** Represents a CancelJobResponse. */
            class CancelJobResponse {

                /**
                 * Constructs a new CancelJobResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CancelJobResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CancelJobResponse job. */
                job?: (signalbox.control.v1.Job.$Properties|null);

                /**
                 * Creates a new CancelJobResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CancelJobResponse instance
                 */
                static create(properties: signalbox.control.v1.CancelJobResponse.$Shape): signalbox.control.v1.CancelJobResponse & signalbox.control.v1.CancelJobResponse.$Shape;
                static create(properties?: signalbox.control.v1.CancelJobResponse.$Properties): signalbox.control.v1.CancelJobResponse;

                /**
                 * Encodes the specified CancelJobResponse message. Does not implicitly {@link signalbox.control.v1.CancelJobResponse.verify|verify} messages.
                 * @param message CancelJobResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CancelJobResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CancelJobResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CancelJobResponse & signalbox.control.v1.CancelJobResponse.$Shape} CancelJobResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CancelJobResponse & signalbox.control.v1.CancelJobResponse.$Shape;

                /**
                 * Creates a CancelJobResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CancelJobResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CancelJobResponse;

                /**
                 * Creates a plain object from a CancelJobResponse message. Also converts values to other types if specified.
                 * @param message CancelJobResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CancelJobResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CancelJobResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CancelJobResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CancelJobResponse {

                /** Properties of a CancelJobResponse. */
                interface $Properties {

                    /** CancelJobResponse job */
                    job?: (signalbox.control.v1.Job.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CancelJobResponse. */
                type $Shape = {
                  job?: signalbox.control.v1.Job.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a ReadLogsRequest.
             * @deprecated Use signalbox.control.v1.ReadLogsRequest.$Properties instead.
             */
            interface IReadLogsRequest extends signalbox.control.v1.ReadLogsRequest.$Properties {
            }

            /** Represents a ReadLogsRequest. */
            class ReadLogsRequest {

                /**
                 * Constructs a new ReadLogsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ReadLogsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ReadLogsRequest namespace. */
                namespace: string;

                /** ReadLogsRequest id. */
                id: string;

                /** ReadLogsRequest stream. */
                stream: string;

                /** ReadLogsRequest follow. */
                follow: boolean;

                /** ReadLogsRequest attempt. */
                attempt: number;

                /**
                 * Creates a new ReadLogsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ReadLogsRequest instance
                 */
                static create(properties: signalbox.control.v1.ReadLogsRequest.$Shape): signalbox.control.v1.ReadLogsRequest & signalbox.control.v1.ReadLogsRequest.$Shape;
                static create(properties?: signalbox.control.v1.ReadLogsRequest.$Properties): signalbox.control.v1.ReadLogsRequest;

                /**
                 * Encodes the specified ReadLogsRequest message. Does not implicitly {@link signalbox.control.v1.ReadLogsRequest.verify|verify} messages.
                 * @param message ReadLogsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ReadLogsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ReadLogsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ReadLogsRequest & signalbox.control.v1.ReadLogsRequest.$Shape} ReadLogsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ReadLogsRequest & signalbox.control.v1.ReadLogsRequest.$Shape;

                /**
                 * Creates a ReadLogsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ReadLogsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ReadLogsRequest;

                /**
                 * Creates a plain object from a ReadLogsRequest message. Also converts values to other types if specified.
                 * @param message ReadLogsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ReadLogsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ReadLogsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ReadLogsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ReadLogsRequest {

                /** Properties of a ReadLogsRequest. */
                interface $Properties {

                    /** ReadLogsRequest namespace */
                    namespace?: (string|null);

                    /** ReadLogsRequest id */
                    id?: (string|null);

                    /** ReadLogsRequest stream */
                    stream?: (string|null);

                    /** ReadLogsRequest follow */
                    follow?: (boolean|null);

                    /** ReadLogsRequest attempt */
                    attempt?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ReadLogsRequest. */
                type $Shape = signalbox.control.v1.ReadLogsRequest.$Properties;
            }

            /**
             * Properties of a ReadLogsResponse.
             * @deprecated Use signalbox.control.v1.ReadLogsResponse.$Properties instead.
             */
            interface IReadLogsResponse extends signalbox.control.v1.ReadLogsResponse.$Properties {
            }

            /** Represents a ReadLogsResponse. */
            class ReadLogsResponse {

                /**
                 * Constructs a new ReadLogsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ReadLogsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ReadLogsResponse stream. */
                stream: string;

                /** ReadLogsResponse data. */
                data: Uint8Array;

                /**
                 * Creates a new ReadLogsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ReadLogsResponse instance
                 */
                static create(properties: signalbox.control.v1.ReadLogsResponse.$Shape): signalbox.control.v1.ReadLogsResponse & signalbox.control.v1.ReadLogsResponse.$Shape;
                static create(properties?: signalbox.control.v1.ReadLogsResponse.$Properties): signalbox.control.v1.ReadLogsResponse;

                /**
                 * Encodes the specified ReadLogsResponse message. Does not implicitly {@link signalbox.control.v1.ReadLogsResponse.verify|verify} messages.
                 * @param message ReadLogsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ReadLogsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ReadLogsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ReadLogsResponse & signalbox.control.v1.ReadLogsResponse.$Shape} ReadLogsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ReadLogsResponse & signalbox.control.v1.ReadLogsResponse.$Shape;

                /**
                 * Creates a ReadLogsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ReadLogsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ReadLogsResponse;

                /**
                 * Creates a plain object from a ReadLogsResponse message. Also converts values to other types if specified.
                 * @param message ReadLogsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ReadLogsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ReadLogsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ReadLogsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ReadLogsResponse {

                /** Properties of a ReadLogsResponse. */
                interface $Properties {

                    /** ReadLogsResponse stream */
                    stream?: (string|null);

                    /** ReadLogsResponse data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ReadLogsResponse. */
                type $Shape = signalbox.control.v1.ReadLogsResponse.$Properties;
            }

            /**
             * Properties of a Key.
             * @deprecated Use signalbox.control.v1.Key.$Properties instead.
             */
            interface IKey extends signalbox.control.v1.Key.$Properties {
            }

            /** Represents a Key. */
            class Key {

                /**
                 * Constructs a new Key.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Key.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Key namespace. */
                namespace: string;

                /** Key name. */
                name: string;

                /** Key sha256. */
                sha256: string;

                /** Key models. */
                models: string[];

                /** Key priority. */
                priority: string;

                /** Key priorityMax. */
                priorityMax: string;

                /** Key requestsPerMinute. */
                requestsPerMinute: number;

                /** Key tokensPerMinute. */
                tokensPerMinute: number;

                /** Key concurrent. */
                concurrent: number;

                /** Key createdAtMs. */
                createdAtMs: number;

                /** Key revokedAtMs. */
                revokedAtMs: number;

                /**
                 * Creates a new Key instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Key instance
                 */
                static create(properties: signalbox.control.v1.Key.$Shape): signalbox.control.v1.Key & signalbox.control.v1.Key.$Shape;
                static create(properties?: signalbox.control.v1.Key.$Properties): signalbox.control.v1.Key;

                /**
                 * Encodes the specified Key message. Does not implicitly {@link signalbox.control.v1.Key.verify|verify} messages.
                 * @param message Key message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Key.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Key message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Key & signalbox.control.v1.Key.$Shape} Key
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Key & signalbox.control.v1.Key.$Shape;

                /**
                 * Creates a Key message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Key
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Key;

                /**
                 * Creates a plain object from a Key message. Also converts values to other types if specified.
                 * @param message Key
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Key, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Key to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Key
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Key {

                /** Properties of a Key. */
                interface $Properties {

                    /** Key namespace */
                    namespace?: (string|null);

                    /** Key name */
                    name?: (string|null);

                    /** Key sha256 */
                    sha256?: (string|null);

                    /** Key models */
                    models?: (string[]|null);

                    /** Key priority */
                    priority?: (string|null);

                    /** Key priorityMax */
                    priorityMax?: (string|null);

                    /** Key requestsPerMinute */
                    requestsPerMinute?: (number|null);

                    /** Key tokensPerMinute */
                    tokensPerMinute?: (number|null);

                    /** Key concurrent */
                    concurrent?: (number|null);

                    /** Key createdAtMs */
                    createdAtMs?: (number|null);

                    /** Key revokedAtMs */
                    revokedAtMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Key. */
                type $Shape = signalbox.control.v1.Key.$Properties;
            }

            /**
             * Properties of an AddKeyRequest.
             * @deprecated Use signalbox.control.v1.AddKeyRequest.$Properties instead.
             */
            interface IAddKeyRequest extends signalbox.control.v1.AddKeyRequest.$Properties {
            }

            /** Represents an AddKeyRequest. */
            class AddKeyRequest {

                /**
                 * Constructs a new AddKeyRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.AddKeyRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AddKeyRequest namespace. */
                namespace: string;

                /** AddKeyRequest name. */
                name: string;

                /** AddKeyRequest sha256. */
                sha256: string;

                /** AddKeyRequest models. */
                models: string[];

                /** AddKeyRequest priority. */
                priority: string;

                /** AddKeyRequest priorityMax. */
                priorityMax: string;

                /** AddKeyRequest requestsPerMinute. */
                requestsPerMinute: number;

                /** AddKeyRequest tokensPerMinute. */
                tokensPerMinute: number;

                /** AddKeyRequest concurrent. */
                concurrent: number;

                /**
                 * Creates a new AddKeyRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AddKeyRequest instance
                 */
                static create(properties: signalbox.control.v1.AddKeyRequest.$Shape): signalbox.control.v1.AddKeyRequest & signalbox.control.v1.AddKeyRequest.$Shape;
                static create(properties?: signalbox.control.v1.AddKeyRequest.$Properties): signalbox.control.v1.AddKeyRequest;

                /**
                 * Encodes the specified AddKeyRequest message. Does not implicitly {@link signalbox.control.v1.AddKeyRequest.verify|verify} messages.
                 * @param message AddKeyRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.AddKeyRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AddKeyRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.AddKeyRequest & signalbox.control.v1.AddKeyRequest.$Shape} AddKeyRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.AddKeyRequest & signalbox.control.v1.AddKeyRequest.$Shape;

                /**
                 * Creates an AddKeyRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AddKeyRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.AddKeyRequest;

                /**
                 * Creates a plain object from an AddKeyRequest message. Also converts values to other types if specified.
                 * @param message AddKeyRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.AddKeyRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AddKeyRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AddKeyRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AddKeyRequest {

                /** Properties of an AddKeyRequest. */
                interface $Properties {

                    /** AddKeyRequest namespace */
                    namespace?: (string|null);

                    /** AddKeyRequest name */
                    name?: (string|null);

                    /** AddKeyRequest sha256 */
                    sha256?: (string|null);

                    /** AddKeyRequest models */
                    models?: (string[]|null);

                    /** AddKeyRequest priority */
                    priority?: (string|null);

                    /** AddKeyRequest priorityMax */
                    priorityMax?: (string|null);

                    /** AddKeyRequest requestsPerMinute */
                    requestsPerMinute?: (number|null);

                    /** AddKeyRequest tokensPerMinute */
                    tokensPerMinute?: (number|null);

                    /** AddKeyRequest concurrent */
                    concurrent?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AddKeyRequest. */
                type $Shape = signalbox.control.v1.AddKeyRequest.$Properties;
            }

            /**
             * Properties of an AddKeyResponse.
             * @deprecated Use signalbox.control.v1.AddKeyResponse.$Properties instead.
             */
            interface IAddKeyResponse extends signalbox.control.v1.AddKeyResponse.$Properties {
            }

            /** Represents an AddKeyResponse. */
            class AddKeyResponse {

                /**
                 * Constructs a new AddKeyResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.AddKeyResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AddKeyResponse key. */
                key?: (signalbox.control.v1.Key.$Properties|null);

                /** AddKeyResponse existed. */
                existed: boolean;

                /**
                 * Creates a new AddKeyResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AddKeyResponse instance
                 */
                static create(properties: signalbox.control.v1.AddKeyResponse.$Shape): signalbox.control.v1.AddKeyResponse & signalbox.control.v1.AddKeyResponse.$Shape;
                static create(properties?: signalbox.control.v1.AddKeyResponse.$Properties): signalbox.control.v1.AddKeyResponse;

                /**
                 * Encodes the specified AddKeyResponse message. Does not implicitly {@link signalbox.control.v1.AddKeyResponse.verify|verify} messages.
                 * @param message AddKeyResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.AddKeyResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AddKeyResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.AddKeyResponse & signalbox.control.v1.AddKeyResponse.$Shape} AddKeyResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.AddKeyResponse & signalbox.control.v1.AddKeyResponse.$Shape;

                /**
                 * Creates an AddKeyResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AddKeyResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.AddKeyResponse;

                /**
                 * Creates a plain object from an AddKeyResponse message. Also converts values to other types if specified.
                 * @param message AddKeyResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.AddKeyResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AddKeyResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AddKeyResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AddKeyResponse {

                /** Properties of an AddKeyResponse. */
                interface $Properties {

                    /** AddKeyResponse key */
                    key?: (signalbox.control.v1.Key.$Properties|null);

                    /** AddKeyResponse existed */
                    existed?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AddKeyResponse. */
                type $Shape = signalbox.control.v1.AddKeyResponse.$Properties;
            }

            /**
             * Properties of a ListKeysRequest.
             * @deprecated Use signalbox.control.v1.ListKeysRequest.$Properties instead.
             */
            interface IListKeysRequest extends signalbox.control.v1.ListKeysRequest.$Properties {
            }

            /** Represents a ListKeysRequest. */
            class ListKeysRequest {

                /**
                 * Constructs a new ListKeysRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListKeysRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListKeysRequest namespace. */
                namespace: string;

                /**
                 * Creates a new ListKeysRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListKeysRequest instance
                 */
                static create(properties: signalbox.control.v1.ListKeysRequest.$Shape): signalbox.control.v1.ListKeysRequest & signalbox.control.v1.ListKeysRequest.$Shape;
                static create(properties?: signalbox.control.v1.ListKeysRequest.$Properties): signalbox.control.v1.ListKeysRequest;

                /**
                 * Encodes the specified ListKeysRequest message. Does not implicitly {@link signalbox.control.v1.ListKeysRequest.verify|verify} messages.
                 * @param message ListKeysRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListKeysRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListKeysRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListKeysRequest & signalbox.control.v1.ListKeysRequest.$Shape} ListKeysRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListKeysRequest & signalbox.control.v1.ListKeysRequest.$Shape;

                /**
                 * Creates a ListKeysRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListKeysRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListKeysRequest;

                /**
                 * Creates a plain object from a ListKeysRequest message. Also converts values to other types if specified.
                 * @param message ListKeysRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListKeysRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListKeysRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListKeysRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListKeysRequest {

                /** Properties of a ListKeysRequest. */
                interface $Properties {

                    /** ListKeysRequest namespace */
                    namespace?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListKeysRequest. */
                type $Shape = signalbox.control.v1.ListKeysRequest.$Properties;
            }

            /**
             * Properties of a ListKeysResponse.
             * @deprecated Use signalbox.control.v1.ListKeysResponse.$Properties instead.
             */
            interface IListKeysResponse extends signalbox.control.v1.ListKeysResponse.$Properties {
            }

            /** Represents a ListKeysResponse. */
            class ListKeysResponse {

                /**
                 * Constructs a new ListKeysResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListKeysResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListKeysResponse keys. */
                keys: signalbox.control.v1.Key.$Properties[];

                /**
                 * Creates a new ListKeysResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListKeysResponse instance
                 */
                static create(properties: signalbox.control.v1.ListKeysResponse.$Shape): signalbox.control.v1.ListKeysResponse & signalbox.control.v1.ListKeysResponse.$Shape;
                static create(properties?: signalbox.control.v1.ListKeysResponse.$Properties): signalbox.control.v1.ListKeysResponse;

                /**
                 * Encodes the specified ListKeysResponse message. Does not implicitly {@link signalbox.control.v1.ListKeysResponse.verify|verify} messages.
                 * @param message ListKeysResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListKeysResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListKeysResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListKeysResponse & signalbox.control.v1.ListKeysResponse.$Shape} ListKeysResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListKeysResponse & signalbox.control.v1.ListKeysResponse.$Shape;

                /**
                 * Creates a ListKeysResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListKeysResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListKeysResponse;

                /**
                 * Creates a plain object from a ListKeysResponse message. Also converts values to other types if specified.
                 * @param message ListKeysResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListKeysResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListKeysResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListKeysResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListKeysResponse {

                /** Properties of a ListKeysResponse. */
                interface $Properties {

                    /** ListKeysResponse keys */
                    keys?: (signalbox.control.v1.Key.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListKeysResponse. */
                type $Shape = signalbox.control.v1.ListKeysResponse.$Properties;
            }

            /**
             * Properties of a RevokeKeyRequest.
             * @deprecated Use signalbox.control.v1.RevokeKeyRequest.$Properties instead.
             */
            interface IRevokeKeyRequest extends signalbox.control.v1.RevokeKeyRequest.$Properties {
            }

            /** Represents a RevokeKeyRequest. */
            class RevokeKeyRequest {

                /**
                 * Constructs a new RevokeKeyRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RevokeKeyRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RevokeKeyRequest namespace. */
                namespace: string;

                /** RevokeKeyRequest name. */
                name: string;

                /**
                 * Creates a new RevokeKeyRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RevokeKeyRequest instance
                 */
                static create(properties: signalbox.control.v1.RevokeKeyRequest.$Shape): signalbox.control.v1.RevokeKeyRequest & signalbox.control.v1.RevokeKeyRequest.$Shape;
                static create(properties?: signalbox.control.v1.RevokeKeyRequest.$Properties): signalbox.control.v1.RevokeKeyRequest;

                /**
                 * Encodes the specified RevokeKeyRequest message. Does not implicitly {@link signalbox.control.v1.RevokeKeyRequest.verify|verify} messages.
                 * @param message RevokeKeyRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RevokeKeyRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RevokeKeyRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RevokeKeyRequest & signalbox.control.v1.RevokeKeyRequest.$Shape} RevokeKeyRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RevokeKeyRequest & signalbox.control.v1.RevokeKeyRequest.$Shape;

                /**
                 * Creates a RevokeKeyRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RevokeKeyRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RevokeKeyRequest;

                /**
                 * Creates a plain object from a RevokeKeyRequest message. Also converts values to other types if specified.
                 * @param message RevokeKeyRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RevokeKeyRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RevokeKeyRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RevokeKeyRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RevokeKeyRequest {

                /** Properties of a RevokeKeyRequest. */
                interface $Properties {

                    /** RevokeKeyRequest namespace */
                    namespace?: (string|null);

                    /** RevokeKeyRequest name */
                    name?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RevokeKeyRequest. */
                type $Shape = signalbox.control.v1.RevokeKeyRequest.$Properties;
            }

            /**
             * Properties of a RevokeKeyResponse.
             * @deprecated Use signalbox.control.v1.RevokeKeyResponse.$Properties instead.
             */
            interface IRevokeKeyResponse extends signalbox.control.v1.RevokeKeyResponse.$Properties {
            }

            /** Represents a RevokeKeyResponse. */
            class RevokeKeyResponse {

                /**
                 * Constructs a new RevokeKeyResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RevokeKeyResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RevokeKeyResponse key. */
                key?: (signalbox.control.v1.Key.$Properties|null);

                /**
                 * Creates a new RevokeKeyResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RevokeKeyResponse instance
                 */
                static create(properties: signalbox.control.v1.RevokeKeyResponse.$Shape): signalbox.control.v1.RevokeKeyResponse & signalbox.control.v1.RevokeKeyResponse.$Shape;
                static create(properties?: signalbox.control.v1.RevokeKeyResponse.$Properties): signalbox.control.v1.RevokeKeyResponse;

                /**
                 * Encodes the specified RevokeKeyResponse message. Does not implicitly {@link signalbox.control.v1.RevokeKeyResponse.verify|verify} messages.
                 * @param message RevokeKeyResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RevokeKeyResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RevokeKeyResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RevokeKeyResponse & signalbox.control.v1.RevokeKeyResponse.$Shape} RevokeKeyResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RevokeKeyResponse & signalbox.control.v1.RevokeKeyResponse.$Shape;

                /**
                 * Creates a RevokeKeyResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RevokeKeyResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RevokeKeyResponse;

                /**
                 * Creates a plain object from a RevokeKeyResponse message. Also converts values to other types if specified.
                 * @param message RevokeKeyResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RevokeKeyResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RevokeKeyResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RevokeKeyResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RevokeKeyResponse {

                /** Properties of a RevokeKeyResponse. */
                interface $Properties {

                    /** RevokeKeyResponse key */
                    key?: (signalbox.control.v1.Key.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RevokeKeyResponse. */
                type $Shape = signalbox.control.v1.RevokeKeyResponse.$Properties;
            }

            /**
             * Properties of a SyncKeysRequest.
             * @deprecated Use signalbox.control.v1.SyncKeysRequest.$Properties instead.
             */
            interface ISyncKeysRequest extends signalbox.control.v1.SyncKeysRequest.$Properties {
            }

            /** Represents a SyncKeysRequest. */
            class SyncKeysRequest {

                /**
                 * Constructs a new SyncKeysRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.SyncKeysRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SyncKeysRequest version. */
                version: string;

                /**
                 * Creates a new SyncKeysRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SyncKeysRequest instance
                 */
                static create(properties: signalbox.control.v1.SyncKeysRequest.$Shape): signalbox.control.v1.SyncKeysRequest & signalbox.control.v1.SyncKeysRequest.$Shape;
                static create(properties?: signalbox.control.v1.SyncKeysRequest.$Properties): signalbox.control.v1.SyncKeysRequest;

                /**
                 * Encodes the specified SyncKeysRequest message. Does not implicitly {@link signalbox.control.v1.SyncKeysRequest.verify|verify} messages.
                 * @param message SyncKeysRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.SyncKeysRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SyncKeysRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.SyncKeysRequest & signalbox.control.v1.SyncKeysRequest.$Shape} SyncKeysRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.SyncKeysRequest & signalbox.control.v1.SyncKeysRequest.$Shape;

                /**
                 * Creates a SyncKeysRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns SyncKeysRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.SyncKeysRequest;

                /**
                 * Creates a plain object from a SyncKeysRequest message. Also converts values to other types if specified.
                 * @param message SyncKeysRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.SyncKeysRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this SyncKeysRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for SyncKeysRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SyncKeysRequest {

                /** Properties of a SyncKeysRequest. */
                interface $Properties {

                    /** SyncKeysRequest version */
                    version?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SyncKeysRequest. */
                type $Shape = signalbox.control.v1.SyncKeysRequest.$Properties;
            }

            /**
             * Properties of a SyncKeysResponse.
             * @deprecated Use signalbox.control.v1.SyncKeysResponse.$Properties instead.
             */
            interface ISyncKeysResponse extends signalbox.control.v1.SyncKeysResponse.$Properties {
            }

            /** Represents a SyncKeysResponse. */
            class SyncKeysResponse {

                /**
                 * Constructs a new SyncKeysResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.SyncKeysResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SyncKeysResponse version. */
                version: string;

                /** SyncKeysResponse unchanged. */
                unchanged: boolean;

                /** SyncKeysResponse keys. */
                keys: signalbox.control.v1.Key.$Properties[];

                /**
                 * Creates a new SyncKeysResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SyncKeysResponse instance
                 */
                static create(properties: signalbox.control.v1.SyncKeysResponse.$Shape): signalbox.control.v1.SyncKeysResponse & signalbox.control.v1.SyncKeysResponse.$Shape;
                static create(properties?: signalbox.control.v1.SyncKeysResponse.$Properties): signalbox.control.v1.SyncKeysResponse;

                /**
                 * Encodes the specified SyncKeysResponse message. Does not implicitly {@link signalbox.control.v1.SyncKeysResponse.verify|verify} messages.
                 * @param message SyncKeysResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.SyncKeysResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SyncKeysResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.SyncKeysResponse & signalbox.control.v1.SyncKeysResponse.$Shape} SyncKeysResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.SyncKeysResponse & signalbox.control.v1.SyncKeysResponse.$Shape;

                /**
                 * Creates a SyncKeysResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns SyncKeysResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.SyncKeysResponse;

                /**
                 * Creates a plain object from a SyncKeysResponse message. Also converts values to other types if specified.
                 * @param message SyncKeysResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.SyncKeysResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this SyncKeysResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for SyncKeysResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SyncKeysResponse {

                /** Properties of a SyncKeysResponse. */
                interface $Properties {

                    /** SyncKeysResponse version */
                    version?: (string|null);

                    /** SyncKeysResponse unchanged */
                    unchanged?: (boolean|null);

                    /** SyncKeysResponse keys */
                    keys?: (signalbox.control.v1.Key.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SyncKeysResponse. */
                type $Shape = signalbox.control.v1.SyncKeysResponse.$Properties;
            }

            /**
             * Properties of a Token.
             * @deprecated Use signalbox.control.v1.Token.$Properties instead.
             */
            interface IToken extends signalbox.control.v1.Token.$Properties {
            }

            /** Represents a Token. */
            class Token {

                /**
                 * Constructs a new Token.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Token.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Token id. */
                id: string;

                /** Token namespace. */
                namespace: string;

                /** Token role. */
                role: string;

                /** Token name. */
                name: string;

                /** Token createdAtMs. */
                createdAtMs: number;

                /** Token expiresAtMs. */
                expiresAtMs: number;

                /** Token revoked. */
                revoked: boolean;

                /**
                 * Creates a new Token instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Token instance
                 */
                static create(properties: signalbox.control.v1.Token.$Shape): signalbox.control.v1.Token & signalbox.control.v1.Token.$Shape;
                static create(properties?: signalbox.control.v1.Token.$Properties): signalbox.control.v1.Token;

                /**
                 * Encodes the specified Token message. Does not implicitly {@link signalbox.control.v1.Token.verify|verify} messages.
                 * @param message Token message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Token.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Token message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Token & signalbox.control.v1.Token.$Shape} Token
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Token & signalbox.control.v1.Token.$Shape;

                /**
                 * Creates a Token message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Token
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Token;

                /**
                 * Creates a plain object from a Token message. Also converts values to other types if specified.
                 * @param message Token
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Token, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Token to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Token
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Token {

                /** Properties of a Token. */
                interface $Properties {

                    /** Token id */
                    id?: (string|null);

                    /** Token namespace */
                    namespace?: (string|null);

                    /** Token role */
                    role?: (string|null);

                    /** Token name */
                    name?: (string|null);

                    /** Token createdAtMs */
                    createdAtMs?: (number|null);

                    /** Token expiresAtMs */
                    expiresAtMs?: (number|null);

                    /** Token revoked */
                    revoked?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Token. */
                type $Shape = signalbox.control.v1.Token.$Properties;
            }

            /**
             * Properties of a CreateTokenRequest.
             * @deprecated Use signalbox.control.v1.CreateTokenRequest.$Properties instead.
             */
            interface ICreateTokenRequest extends signalbox.control.v1.CreateTokenRequest.$Properties {
            }

            /** Represents a CreateTokenRequest. */
            class CreateTokenRequest {

                /**
                 * Constructs a new CreateTokenRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CreateTokenRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CreateTokenRequest namespace. */
                namespace: string;

                /** CreateTokenRequest role. */
                role: string;

                /** CreateTokenRequest name. */
                name: string;

                /** CreateTokenRequest lifetimeS. */
                lifetimeS: number;

                /**
                 * Creates a new CreateTokenRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CreateTokenRequest instance
                 */
                static create(properties: signalbox.control.v1.CreateTokenRequest.$Shape): signalbox.control.v1.CreateTokenRequest & signalbox.control.v1.CreateTokenRequest.$Shape;
                static create(properties?: signalbox.control.v1.CreateTokenRequest.$Properties): signalbox.control.v1.CreateTokenRequest;

                /**
                 * Encodes the specified CreateTokenRequest message. Does not implicitly {@link signalbox.control.v1.CreateTokenRequest.verify|verify} messages.
                 * @param message CreateTokenRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CreateTokenRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CreateTokenRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CreateTokenRequest & signalbox.control.v1.CreateTokenRequest.$Shape} CreateTokenRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CreateTokenRequest & signalbox.control.v1.CreateTokenRequest.$Shape;

                /**
                 * Creates a CreateTokenRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CreateTokenRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CreateTokenRequest;

                /**
                 * Creates a plain object from a CreateTokenRequest message. Also converts values to other types if specified.
                 * @param message CreateTokenRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CreateTokenRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CreateTokenRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CreateTokenRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CreateTokenRequest {

                /** Properties of a CreateTokenRequest. */
                interface $Properties {

                    /** CreateTokenRequest namespace */
                    namespace?: (string|null);

                    /** CreateTokenRequest role */
                    role?: (string|null);

                    /** CreateTokenRequest name */
                    name?: (string|null);

                    /** CreateTokenRequest lifetimeS */
                    lifetimeS?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CreateTokenRequest. */
                type $Shape = signalbox.control.v1.CreateTokenRequest.$Properties;
            }

            /**
             * Properties of a CreateTokenResponse.
             * @deprecated Use signalbox.control.v1.CreateTokenResponse.$Properties instead.
             */
            interface ICreateTokenResponse extends signalbox.control.v1.CreateTokenResponse.$Properties {
            }

            /** Represents a CreateTokenResponse. */
            class CreateTokenResponse {

                /**
                 * Constructs a new CreateTokenResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CreateTokenResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CreateTokenResponse token. */
                token?: (signalbox.control.v1.Token.$Properties|null);

                /** CreateTokenResponse secret. */
                secret: string;

                /**
                 * Creates a new CreateTokenResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CreateTokenResponse instance
                 */
                static create(properties: signalbox.control.v1.CreateTokenResponse.$Shape): signalbox.control.v1.CreateTokenResponse & signalbox.control.v1.CreateTokenResponse.$Shape;
                static create(properties?: signalbox.control.v1.CreateTokenResponse.$Properties): signalbox.control.v1.CreateTokenResponse;

                /**
                 * Encodes the specified CreateTokenResponse message. Does not implicitly {@link signalbox.control.v1.CreateTokenResponse.verify|verify} messages.
                 * @param message CreateTokenResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CreateTokenResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CreateTokenResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CreateTokenResponse & signalbox.control.v1.CreateTokenResponse.$Shape} CreateTokenResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CreateTokenResponse & signalbox.control.v1.CreateTokenResponse.$Shape;

                /**
                 * Creates a CreateTokenResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CreateTokenResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CreateTokenResponse;

                /**
                 * Creates a plain object from a CreateTokenResponse message. Also converts values to other types if specified.
                 * @param message CreateTokenResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CreateTokenResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CreateTokenResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CreateTokenResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CreateTokenResponse {

                /** Properties of a CreateTokenResponse. */
                interface $Properties {

                    /** CreateTokenResponse token */
                    token?: (signalbox.control.v1.Token.$Properties|null);

                    /** CreateTokenResponse secret */
                    secret?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CreateTokenResponse. */
                type $Shape = signalbox.control.v1.CreateTokenResponse.$Properties;
            }

            /**
             * Properties of a ListTokensRequest.
             * @deprecated Use signalbox.control.v1.ListTokensRequest.$Properties instead.
             */
            interface IListTokensRequest extends signalbox.control.v1.ListTokensRequest.$Properties {
            }

            /** Represents a ListTokensRequest. */
            class ListTokensRequest {

                /**
                 * Constructs a new ListTokensRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListTokensRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListTokensRequest namespace. */
                namespace: string;

                /**
                 * Creates a new ListTokensRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListTokensRequest instance
                 */
                static create(properties: signalbox.control.v1.ListTokensRequest.$Shape): signalbox.control.v1.ListTokensRequest & signalbox.control.v1.ListTokensRequest.$Shape;
                static create(properties?: signalbox.control.v1.ListTokensRequest.$Properties): signalbox.control.v1.ListTokensRequest;

                /**
                 * Encodes the specified ListTokensRequest message. Does not implicitly {@link signalbox.control.v1.ListTokensRequest.verify|verify} messages.
                 * @param message ListTokensRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListTokensRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListTokensRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListTokensRequest & signalbox.control.v1.ListTokensRequest.$Shape} ListTokensRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListTokensRequest & signalbox.control.v1.ListTokensRequest.$Shape;

                /**
                 * Creates a ListTokensRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListTokensRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListTokensRequest;

                /**
                 * Creates a plain object from a ListTokensRequest message. Also converts values to other types if specified.
                 * @param message ListTokensRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListTokensRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListTokensRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListTokensRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListTokensRequest {

                /** Properties of a ListTokensRequest. */
                interface $Properties {

                    /** ListTokensRequest namespace */
                    namespace?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListTokensRequest. */
                type $Shape = signalbox.control.v1.ListTokensRequest.$Properties;
            }

            /**
             * Properties of a ListTokensResponse.
             * @deprecated Use signalbox.control.v1.ListTokensResponse.$Properties instead.
             */
            interface IListTokensResponse extends signalbox.control.v1.ListTokensResponse.$Properties {
            }

            /** Represents a ListTokensResponse. */
            class ListTokensResponse {

                /**
                 * Constructs a new ListTokensResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListTokensResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListTokensResponse tokens. */
                tokens: signalbox.control.v1.Token.$Properties[];

                /**
                 * Creates a new ListTokensResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListTokensResponse instance
                 */
                static create(properties: signalbox.control.v1.ListTokensResponse.$Shape): signalbox.control.v1.ListTokensResponse & signalbox.control.v1.ListTokensResponse.$Shape;
                static create(properties?: signalbox.control.v1.ListTokensResponse.$Properties): signalbox.control.v1.ListTokensResponse;

                /**
                 * Encodes the specified ListTokensResponse message. Does not implicitly {@link signalbox.control.v1.ListTokensResponse.verify|verify} messages.
                 * @param message ListTokensResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListTokensResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListTokensResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListTokensResponse & signalbox.control.v1.ListTokensResponse.$Shape} ListTokensResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListTokensResponse & signalbox.control.v1.ListTokensResponse.$Shape;

                /**
                 * Creates a ListTokensResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListTokensResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListTokensResponse;

                /**
                 * Creates a plain object from a ListTokensResponse message. Also converts values to other types if specified.
                 * @param message ListTokensResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListTokensResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListTokensResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListTokensResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListTokensResponse {

                /** Properties of a ListTokensResponse. */
                interface $Properties {

                    /** ListTokensResponse tokens */
                    tokens?: (signalbox.control.v1.Token.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListTokensResponse. */
                type $Shape = signalbox.control.v1.ListTokensResponse.$Properties;
            }

            /**
             * Properties of a RevokeTokenRequest.
             * @deprecated Use signalbox.control.v1.RevokeTokenRequest.$Properties instead.
             */
            interface IRevokeTokenRequest extends signalbox.control.v1.RevokeTokenRequest.$Properties {
            }

            /** Represents a RevokeTokenRequest. */
            class RevokeTokenRequest {

                /**
                 * Constructs a new RevokeTokenRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RevokeTokenRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RevokeTokenRequest namespace. */
                namespace: string;

                /** RevokeTokenRequest id. */
                id: string;

                /**
                 * Creates a new RevokeTokenRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RevokeTokenRequest instance
                 */
                static create(properties: signalbox.control.v1.RevokeTokenRequest.$Shape): signalbox.control.v1.RevokeTokenRequest & signalbox.control.v1.RevokeTokenRequest.$Shape;
                static create(properties?: signalbox.control.v1.RevokeTokenRequest.$Properties): signalbox.control.v1.RevokeTokenRequest;

                /**
                 * Encodes the specified RevokeTokenRequest message. Does not implicitly {@link signalbox.control.v1.RevokeTokenRequest.verify|verify} messages.
                 * @param message RevokeTokenRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RevokeTokenRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RevokeTokenRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RevokeTokenRequest & signalbox.control.v1.RevokeTokenRequest.$Shape} RevokeTokenRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RevokeTokenRequest & signalbox.control.v1.RevokeTokenRequest.$Shape;

                /**
                 * Creates a RevokeTokenRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RevokeTokenRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RevokeTokenRequest;

                /**
                 * Creates a plain object from a RevokeTokenRequest message. Also converts values to other types if specified.
                 * @param message RevokeTokenRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RevokeTokenRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RevokeTokenRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RevokeTokenRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RevokeTokenRequest {

                /** Properties of a RevokeTokenRequest. */
                interface $Properties {

                    /** RevokeTokenRequest namespace */
                    namespace?: (string|null);

                    /** RevokeTokenRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RevokeTokenRequest. */
                type $Shape = signalbox.control.v1.RevokeTokenRequest.$Properties;
            }

            /**
             * Properties of a RevokeTokenResponse.
             * @deprecated Use signalbox.control.v1.RevokeTokenResponse.$Properties instead.
             */
            interface IRevokeTokenResponse extends signalbox.control.v1.RevokeTokenResponse.$Properties {
            }

            /** Represents a RevokeTokenResponse. */
            class RevokeTokenResponse {

                /**
                 * Constructs a new RevokeTokenResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RevokeTokenResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RevokeTokenResponse token. */
                token?: (signalbox.control.v1.Token.$Properties|null);

                /**
                 * Creates a new RevokeTokenResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RevokeTokenResponse instance
                 */
                static create(properties: signalbox.control.v1.RevokeTokenResponse.$Shape): signalbox.control.v1.RevokeTokenResponse & signalbox.control.v1.RevokeTokenResponse.$Shape;
                static create(properties?: signalbox.control.v1.RevokeTokenResponse.$Properties): signalbox.control.v1.RevokeTokenResponse;

                /**
                 * Encodes the specified RevokeTokenResponse message. Does not implicitly {@link signalbox.control.v1.RevokeTokenResponse.verify|verify} messages.
                 * @param message RevokeTokenResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RevokeTokenResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RevokeTokenResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RevokeTokenResponse & signalbox.control.v1.RevokeTokenResponse.$Shape} RevokeTokenResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RevokeTokenResponse & signalbox.control.v1.RevokeTokenResponse.$Shape;

                /**
                 * Creates a RevokeTokenResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RevokeTokenResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RevokeTokenResponse;

                /**
                 * Creates a plain object from a RevokeTokenResponse message. Also converts values to other types if specified.
                 * @param message RevokeTokenResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RevokeTokenResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RevokeTokenResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RevokeTokenResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RevokeTokenResponse {

                /** Properties of a RevokeTokenResponse. */
                interface $Properties {

                    /** RevokeTokenResponse token */
                    token?: (signalbox.control.v1.Token.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RevokeTokenResponse. */
                type $Shape = signalbox.control.v1.RevokeTokenResponse.$Properties;
            }

            /**
             * Properties of a WhoAmIRequest.
             * @deprecated Use signalbox.control.v1.WhoAmIRequest.$Properties instead.
             */
            interface IWhoAmIRequest extends signalbox.control.v1.WhoAmIRequest.$Properties {
            }

            /** Represents a WhoAmIRequest. */
            class WhoAmIRequest {

                /**
                 * Constructs a new WhoAmIRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.WhoAmIRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new WhoAmIRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WhoAmIRequest instance
                 */
                static create(properties: signalbox.control.v1.WhoAmIRequest.$Shape): signalbox.control.v1.WhoAmIRequest & signalbox.control.v1.WhoAmIRequest.$Shape;
                static create(properties?: signalbox.control.v1.WhoAmIRequest.$Properties): signalbox.control.v1.WhoAmIRequest;

                /**
                 * Encodes the specified WhoAmIRequest message. Does not implicitly {@link signalbox.control.v1.WhoAmIRequest.verify|verify} messages.
                 * @param message WhoAmIRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.WhoAmIRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WhoAmIRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.WhoAmIRequest & signalbox.control.v1.WhoAmIRequest.$Shape} WhoAmIRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.WhoAmIRequest & signalbox.control.v1.WhoAmIRequest.$Shape;

                /**
                 * Creates a WhoAmIRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WhoAmIRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.WhoAmIRequest;

                /**
                 * Creates a plain object from a WhoAmIRequest message. Also converts values to other types if specified.
                 * @param message WhoAmIRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.WhoAmIRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WhoAmIRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WhoAmIRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WhoAmIRequest {

                /** Properties of a WhoAmIRequest. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WhoAmIRequest. */
                type $Shape = signalbox.control.v1.WhoAmIRequest.$Properties;
            }

            /**
             * Properties of a WhoAmIResponse.
             * @deprecated Use signalbox.control.v1.WhoAmIResponse.$Properties instead.
             */
            interface IWhoAmIResponse extends signalbox.control.v1.WhoAmIResponse.$Properties {
            }

            /** Represents a WhoAmIResponse. */
            class WhoAmIResponse {

                /**
                 * Constructs a new WhoAmIResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.WhoAmIResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WhoAmIResponse token. */
                token?: (signalbox.control.v1.Token.$Properties|null);

                /** WhoAmIResponse version. */
                version: string;

                /** WhoAmIResponse log. */
                log: string;

                /**
                 * Creates a new WhoAmIResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WhoAmIResponse instance
                 */
                static create(properties: signalbox.control.v1.WhoAmIResponse.$Shape): signalbox.control.v1.WhoAmIResponse & signalbox.control.v1.WhoAmIResponse.$Shape;
                static create(properties?: signalbox.control.v1.WhoAmIResponse.$Properties): signalbox.control.v1.WhoAmIResponse;

                /**
                 * Encodes the specified WhoAmIResponse message. Does not implicitly {@link signalbox.control.v1.WhoAmIResponse.verify|verify} messages.
                 * @param message WhoAmIResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.WhoAmIResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WhoAmIResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.WhoAmIResponse & signalbox.control.v1.WhoAmIResponse.$Shape} WhoAmIResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.WhoAmIResponse & signalbox.control.v1.WhoAmIResponse.$Shape;

                /**
                 * Creates a WhoAmIResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WhoAmIResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.WhoAmIResponse;

                /**
                 * Creates a plain object from a WhoAmIResponse message. Also converts values to other types if specified.
                 * @param message WhoAmIResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.WhoAmIResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WhoAmIResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WhoAmIResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WhoAmIResponse {

                /** Properties of a WhoAmIResponse. */
                interface $Properties {

                    /** WhoAmIResponse token */
                    token?: (signalbox.control.v1.Token.$Properties|null);

                    /** WhoAmIResponse version */
                    version?: (string|null);

                    /** WhoAmIResponse log */
                    log?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WhoAmIResponse. */
                type $Shape = signalbox.control.v1.WhoAmIResponse.$Properties;
            }

            /**
             * Properties of a Run.
             * @deprecated Use signalbox.control.v1.Run.$Properties instead.
             */
            interface IRun extends signalbox.control.v1.Run.$Properties {
            }

            /** Represents a Run. */
            class Run {

                /**
                 * Constructs a new Run.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.Run.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Run id. */
                id: string;

                /** Run namespace. */
                namespace: string;

                /** Run workflow. */
                workflow: string;

                /** Run digest. */
                digest: string;

                /** Run state. */
                state: signalbox.control.v1.RunState;

                /** Run submittedAtMs. */
                submittedAtMs: number;

                /** Run endedAtMs. */
                endedAtMs: number;

                /** Run reason. */
                reason: string;

                /** Run jobsTotal. */
                jobsTotal: number;

                /** Run jobsSucceeded. */
                jobsSucceeded: number;

                /** Run jobsFailed. */
                jobsFailed: number;

                /** Run jobsRunning. */
                jobsRunning: number;

                /** Run jobsSkipped. */
                jobsSkipped: number;

                /** Run submittedBy. */
                submittedBy: string;

                /** Run labels. */
                labels: { [k: string]: string };

                /**
                 * Creates a new Run instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Run instance
                 */
                static create(properties: signalbox.control.v1.Run.$Shape): signalbox.control.v1.Run & signalbox.control.v1.Run.$Shape;
                static create(properties?: signalbox.control.v1.Run.$Properties): signalbox.control.v1.Run;

                /**
                 * Encodes the specified Run message. Does not implicitly {@link signalbox.control.v1.Run.verify|verify} messages.
                 * @param message Run message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.Run.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Run message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.Run & signalbox.control.v1.Run.$Shape} Run
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.Run & signalbox.control.v1.Run.$Shape;

                /**
                 * Creates a Run message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Run
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.Run;

                /**
                 * Creates a plain object from a Run message. Also converts values to other types if specified.
                 * @param message Run
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.Run, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Run to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Run
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Run {

                /** Properties of a Run. */
                interface $Properties {

                    /** Run id */
                    id?: (string|null);

                    /** Run namespace */
                    namespace?: (string|null);

                    /** Run workflow */
                    workflow?: (string|null);

                    /** Run digest */
                    digest?: (string|null);

                    /** Run state */
                    state?: (signalbox.control.v1.RunState|null);

                    /** Run submittedAtMs */
                    submittedAtMs?: (number|null);

                    /** Run endedAtMs */
                    endedAtMs?: (number|null);

                    /** Run reason */
                    reason?: (string|null);

                    /** Run jobsTotal */
                    jobsTotal?: (number|null);

                    /** Run jobsSucceeded */
                    jobsSucceeded?: (number|null);

                    /** Run jobsFailed */
                    jobsFailed?: (number|null);

                    /** Run jobsRunning */
                    jobsRunning?: (number|null);

                    /** Run jobsSkipped */
                    jobsSkipped?: (number|null);

                    /** Run submittedBy */
                    submittedBy?: (string|null);

                    /** Run labels */
                    labels?: ({ [k: string]: string }|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Run. */
                type $Shape = signalbox.control.v1.Run.$Properties;
            }

            /**
             * Properties of a SubmitRunRequest.
             * @deprecated Use signalbox.control.v1.SubmitRunRequest.$Properties instead.
             */
            interface ISubmitRunRequest extends signalbox.control.v1.SubmitRunRequest.$Properties {
            }

            /** Represents a SubmitRunRequest. */
            class SubmitRunRequest {

                /**
                 * Constructs a new SubmitRunRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.SubmitRunRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SubmitRunRequest namespace. */
                namespace: string;

                /** SubmitRunRequest manifest. */
                manifest: Uint8Array;

                /** SubmitRunRequest fileName. */
                fileName: string;

                /** SubmitRunRequest paramsJson. */
                paramsJson: { [k: string]: string };

                /** SubmitRunRequest idempotencyKey. */
                idempotencyKey: string;

                /** SubmitRunRequest fileDigests. */
                fileDigests: { [k: string]: string };

                /** SubmitRunRequest cluster. */
                cluster: string;

                /** SubmitRunRequest labels. */
                labels: { [k: string]: string };

                /**
                 * Creates a new SubmitRunRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SubmitRunRequest instance
                 */
                static create(properties: signalbox.control.v1.SubmitRunRequest.$Shape): signalbox.control.v1.SubmitRunRequest & signalbox.control.v1.SubmitRunRequest.$Shape;
                static create(properties?: signalbox.control.v1.SubmitRunRequest.$Properties): signalbox.control.v1.SubmitRunRequest;

                /**
                 * Encodes the specified SubmitRunRequest message. Does not implicitly {@link signalbox.control.v1.SubmitRunRequest.verify|verify} messages.
                 * @param message SubmitRunRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.SubmitRunRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SubmitRunRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.SubmitRunRequest & signalbox.control.v1.SubmitRunRequest.$Shape} SubmitRunRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.SubmitRunRequest & signalbox.control.v1.SubmitRunRequest.$Shape;

                /**
                 * Creates a SubmitRunRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns SubmitRunRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.SubmitRunRequest;

                /**
                 * Creates a plain object from a SubmitRunRequest message. Also converts values to other types if specified.
                 * @param message SubmitRunRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.SubmitRunRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this SubmitRunRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for SubmitRunRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SubmitRunRequest {

                /** Properties of a SubmitRunRequest. */
                interface $Properties {

                    /** SubmitRunRequest namespace */
                    namespace?: (string|null);

                    /** SubmitRunRequest manifest */
                    manifest?: (Uint8Array|null);

                    /** SubmitRunRequest fileName */
                    fileName?: (string|null);

                    /** SubmitRunRequest paramsJson */
                    paramsJson?: ({ [k: string]: string }|null);

                    /** SubmitRunRequest idempotencyKey */
                    idempotencyKey?: (string|null);

                    /** SubmitRunRequest fileDigests */
                    fileDigests?: ({ [k: string]: string }|null);

                    /** SubmitRunRequest cluster */
                    cluster?: (string|null);

                    /** SubmitRunRequest labels */
                    labels?: ({ [k: string]: string }|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SubmitRunRequest. */
                type $Shape = signalbox.control.v1.SubmitRunRequest.$Properties;
            }

            /**
             * Properties of a SubmitRunResponse.
             * @deprecated Use signalbox.control.v1.SubmitRunResponse.$Properties instead.
             */
            interface ISubmitRunResponse extends signalbox.control.v1.SubmitRunResponse.$Properties {
            }

            /** Represents a SubmitRunResponse. */
            class SubmitRunResponse {

                /**
                 * Constructs a new SubmitRunResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.SubmitRunResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SubmitRunResponse run. */
                run?: (signalbox.control.v1.Run.$Properties|null);

                /** SubmitRunResponse existed. */
                existed: boolean;

                /**
                 * Creates a new SubmitRunResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SubmitRunResponse instance
                 */
                static create(properties: signalbox.control.v1.SubmitRunResponse.$Shape): signalbox.control.v1.SubmitRunResponse & signalbox.control.v1.SubmitRunResponse.$Shape;
                static create(properties?: signalbox.control.v1.SubmitRunResponse.$Properties): signalbox.control.v1.SubmitRunResponse;

                /**
                 * Encodes the specified SubmitRunResponse message. Does not implicitly {@link signalbox.control.v1.SubmitRunResponse.verify|verify} messages.
                 * @param message SubmitRunResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.SubmitRunResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SubmitRunResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.SubmitRunResponse & signalbox.control.v1.SubmitRunResponse.$Shape} SubmitRunResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.SubmitRunResponse & signalbox.control.v1.SubmitRunResponse.$Shape;

                /**
                 * Creates a SubmitRunResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns SubmitRunResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.SubmitRunResponse;

                /**
                 * Creates a plain object from a SubmitRunResponse message. Also converts values to other types if specified.
                 * @param message SubmitRunResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.SubmitRunResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this SubmitRunResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for SubmitRunResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SubmitRunResponse {

                /** Properties of a SubmitRunResponse. */
                interface $Properties {

                    /** SubmitRunResponse run */
                    run?: (signalbox.control.v1.Run.$Properties|null);

                    /** SubmitRunResponse existed */
                    existed?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SubmitRunResponse. */
                type $Shape = signalbox.control.v1.SubmitRunResponse.$Properties;
            }

            /**
             * Properties of a GetRunRequest.
             * @deprecated Use signalbox.control.v1.GetRunRequest.$Properties instead.
             */
            interface IGetRunRequest extends signalbox.control.v1.GetRunRequest.$Properties {
            }

            /** Represents a GetRunRequest. */
            class GetRunRequest {

                /**
                 * Constructs a new GetRunRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetRunRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetRunRequest namespace. */
                namespace: string;

                /** GetRunRequest id. */
                id: string;

                /**
                 * Creates a new GetRunRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetRunRequest instance
                 */
                static create(properties: signalbox.control.v1.GetRunRequest.$Shape): signalbox.control.v1.GetRunRequest & signalbox.control.v1.GetRunRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetRunRequest.$Properties): signalbox.control.v1.GetRunRequest;

                /**
                 * Encodes the specified GetRunRequest message. Does not implicitly {@link signalbox.control.v1.GetRunRequest.verify|verify} messages.
                 * @param message GetRunRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetRunRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetRunRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetRunRequest & signalbox.control.v1.GetRunRequest.$Shape} GetRunRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetRunRequest & signalbox.control.v1.GetRunRequest.$Shape;

                /**
                 * Creates a GetRunRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetRunRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetRunRequest;

                /**
                 * Creates a plain object from a GetRunRequest message. Also converts values to other types if specified.
                 * @param message GetRunRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetRunRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetRunRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetRunRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetRunRequest {

                /** Properties of a GetRunRequest. */
                interface $Properties {

                    /** GetRunRequest namespace */
                    namespace?: (string|null);

                    /** GetRunRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetRunRequest. */
                type $Shape = signalbox.control.v1.GetRunRequest.$Properties;
            }

            /**
             * Properties of a GetRunResponse.
             * @deprecated Use signalbox.control.v1.GetRunResponse.$Properties instead.
             */
            interface IGetRunResponse extends signalbox.control.v1.GetRunResponse.$Properties {
            }

            /** Represents a GetRunResponse. */
            class GetRunResponse {

                /**
                 * Constructs a new GetRunResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetRunResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetRunResponse run. */
                run?: (signalbox.control.v1.Run.$Properties|null);

                /** GetRunResponse jobs. */
                jobs: signalbox.control.v1.Job.$Properties[];

                /**
                 * Creates a new GetRunResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetRunResponse instance
                 */
                static create(properties: signalbox.control.v1.GetRunResponse.$Shape): signalbox.control.v1.GetRunResponse & signalbox.control.v1.GetRunResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetRunResponse.$Properties): signalbox.control.v1.GetRunResponse;

                /**
                 * Encodes the specified GetRunResponse message. Does not implicitly {@link signalbox.control.v1.GetRunResponse.verify|verify} messages.
                 * @param message GetRunResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetRunResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetRunResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetRunResponse & signalbox.control.v1.GetRunResponse.$Shape} GetRunResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetRunResponse & signalbox.control.v1.GetRunResponse.$Shape;

                /**
                 * Creates a GetRunResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetRunResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetRunResponse;

                /**
                 * Creates a plain object from a GetRunResponse message. Also converts values to other types if specified.
                 * @param message GetRunResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetRunResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetRunResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetRunResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetRunResponse {

                /** Properties of a GetRunResponse. */
                interface $Properties {

                    /** GetRunResponse run */
                    run?: (signalbox.control.v1.Run.$Properties|null);

                    /** GetRunResponse jobs */
                    jobs?: (signalbox.control.v1.Job.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetRunResponse. */
                type $Shape = {
                  run?: signalbox.control.v1.Run.$Shape|null;
                  jobs?: signalbox.control.v1.Job.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a ListRunsRequest.
             * @deprecated Use signalbox.control.v1.ListRunsRequest.$Properties instead.
             */
            interface IListRunsRequest extends signalbox.control.v1.ListRunsRequest.$Properties {
            }

            /** Represents a ListRunsRequest. */
            class ListRunsRequest {

                /**
                 * Constructs a new ListRunsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListRunsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListRunsRequest namespace. */
                namespace: string;

                /** ListRunsRequest page. */
                page?: (signalbox.control.v1.Page.$Properties|null);

                /** ListRunsRequest states. */
                states: signalbox.control.v1.RunState[];

                /** ListRunsRequest workflow. */
                workflow: string;

                /** ListRunsRequest cluster. */
                cluster: string;

                /** ListRunsRequest name. */
                name: string;

                /** ListRunsRequest sinceMs. */
                sinceMs: number;

                /** ListRunsRequest untilMs. */
                untilMs: number;

                /**
                 * Creates a new ListRunsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListRunsRequest instance
                 */
                static create(properties: signalbox.control.v1.ListRunsRequest.$Shape): signalbox.control.v1.ListRunsRequest & signalbox.control.v1.ListRunsRequest.$Shape;
                static create(properties?: signalbox.control.v1.ListRunsRequest.$Properties): signalbox.control.v1.ListRunsRequest;

                /**
                 * Encodes the specified ListRunsRequest message. Does not implicitly {@link signalbox.control.v1.ListRunsRequest.verify|verify} messages.
                 * @param message ListRunsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListRunsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListRunsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListRunsRequest & signalbox.control.v1.ListRunsRequest.$Shape} ListRunsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListRunsRequest & signalbox.control.v1.ListRunsRequest.$Shape;

                /**
                 * Creates a ListRunsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListRunsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListRunsRequest;

                /**
                 * Creates a plain object from a ListRunsRequest message. Also converts values to other types if specified.
                 * @param message ListRunsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListRunsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListRunsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListRunsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListRunsRequest {

                /** Properties of a ListRunsRequest. */
                interface $Properties {

                    /** ListRunsRequest namespace */
                    namespace?: (string|null);

                    /** ListRunsRequest page */
                    page?: (signalbox.control.v1.Page.$Properties|null);

                    /** ListRunsRequest states */
                    states?: (signalbox.control.v1.RunState[]|null);

                    /** ListRunsRequest workflow */
                    workflow?: (string|null);

                    /** ListRunsRequest cluster */
                    cluster?: (string|null);

                    /** ListRunsRequest name */
                    name?: (string|null);

                    /** ListRunsRequest sinceMs */
                    sinceMs?: (number|null);

                    /** ListRunsRequest untilMs */
                    untilMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListRunsRequest. */
                type $Shape = signalbox.control.v1.ListRunsRequest.$Properties;
            }

            /**
             * Properties of a ListRunsResponse.
             * @deprecated Use signalbox.control.v1.ListRunsResponse.$Properties instead.
             */
            interface IListRunsResponse extends signalbox.control.v1.ListRunsResponse.$Properties {
            }

            /** Represents a ListRunsResponse. */
            class ListRunsResponse {

                /**
                 * Constructs a new ListRunsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.ListRunsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListRunsResponse runs. */
                runs: signalbox.control.v1.Run.$Properties[];

                /** ListRunsResponse nextToken. */
                nextToken: string;

                /**
                 * Creates a new ListRunsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListRunsResponse instance
                 */
                static create(properties: signalbox.control.v1.ListRunsResponse.$Shape): signalbox.control.v1.ListRunsResponse & signalbox.control.v1.ListRunsResponse.$Shape;
                static create(properties?: signalbox.control.v1.ListRunsResponse.$Properties): signalbox.control.v1.ListRunsResponse;

                /**
                 * Encodes the specified ListRunsResponse message. Does not implicitly {@link signalbox.control.v1.ListRunsResponse.verify|verify} messages.
                 * @param message ListRunsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.ListRunsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListRunsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.ListRunsResponse & signalbox.control.v1.ListRunsResponse.$Shape} ListRunsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.ListRunsResponse & signalbox.control.v1.ListRunsResponse.$Shape;

                /**
                 * Creates a ListRunsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListRunsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.ListRunsResponse;

                /**
                 * Creates a plain object from a ListRunsResponse message. Also converts values to other types if specified.
                 * @param message ListRunsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.ListRunsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListRunsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListRunsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListRunsResponse {

                /** Properties of a ListRunsResponse. */
                interface $Properties {

                    /** ListRunsResponse runs */
                    runs?: (signalbox.control.v1.Run.$Properties[]|null);

                    /** ListRunsResponse nextToken */
                    nextToken?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListRunsResponse. */
                type $Shape = signalbox.control.v1.ListRunsResponse.$Properties;
            }

            /**
             * Properties of a WatchRunRequest.
             * @deprecated Use signalbox.control.v1.WatchRunRequest.$Properties instead.
             */
            interface IWatchRunRequest extends signalbox.control.v1.WatchRunRequest.$Properties {
            }

            /** Represents a WatchRunRequest. */
            class WatchRunRequest {

                /**
                 * Constructs a new WatchRunRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.WatchRunRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WatchRunRequest namespace. */
                namespace: string;

                /** WatchRunRequest id. */
                id: string;

                /**
                 * Creates a new WatchRunRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WatchRunRequest instance
                 */
                static create(properties: signalbox.control.v1.WatchRunRequest.$Shape): signalbox.control.v1.WatchRunRequest & signalbox.control.v1.WatchRunRequest.$Shape;
                static create(properties?: signalbox.control.v1.WatchRunRequest.$Properties): signalbox.control.v1.WatchRunRequest;

                /**
                 * Encodes the specified WatchRunRequest message. Does not implicitly {@link signalbox.control.v1.WatchRunRequest.verify|verify} messages.
                 * @param message WatchRunRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.WatchRunRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WatchRunRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.WatchRunRequest & signalbox.control.v1.WatchRunRequest.$Shape} WatchRunRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.WatchRunRequest & signalbox.control.v1.WatchRunRequest.$Shape;

                /**
                 * Creates a WatchRunRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WatchRunRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.WatchRunRequest;

                /**
                 * Creates a plain object from a WatchRunRequest message. Also converts values to other types if specified.
                 * @param message WatchRunRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.WatchRunRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WatchRunRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WatchRunRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WatchRunRequest {

                /** Properties of a WatchRunRequest. */
                interface $Properties {

                    /** WatchRunRequest namespace */
                    namespace?: (string|null);

                    /** WatchRunRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WatchRunRequest. */
                type $Shape = signalbox.control.v1.WatchRunRequest.$Properties;
            }

            /**
             * Properties of a WatchRunResponse.
             * @deprecated Use signalbox.control.v1.WatchRunResponse.$Properties instead.
             */
            interface IWatchRunResponse extends signalbox.control.v1.WatchRunResponse.$Properties {
            }

            /** Represents a WatchRunResponse. */
            class WatchRunResponse {

                /**
                 * Constructs a new WatchRunResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.WatchRunResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WatchRunResponse run. */
                run?: (signalbox.control.v1.Run.$Properties|null);

                /** WatchRunResponse jobs. */
                jobs: signalbox.control.v1.Job.$Properties[];

                /**
                 * Creates a new WatchRunResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WatchRunResponse instance
                 */
                static create(properties: signalbox.control.v1.WatchRunResponse.$Shape): signalbox.control.v1.WatchRunResponse & signalbox.control.v1.WatchRunResponse.$Shape;
                static create(properties?: signalbox.control.v1.WatchRunResponse.$Properties): signalbox.control.v1.WatchRunResponse;

                /**
                 * Encodes the specified WatchRunResponse message. Does not implicitly {@link signalbox.control.v1.WatchRunResponse.verify|verify} messages.
                 * @param message WatchRunResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.WatchRunResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WatchRunResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.WatchRunResponse & signalbox.control.v1.WatchRunResponse.$Shape} WatchRunResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.WatchRunResponse & signalbox.control.v1.WatchRunResponse.$Shape;

                /**
                 * Creates a WatchRunResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WatchRunResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.WatchRunResponse;

                /**
                 * Creates a plain object from a WatchRunResponse message. Also converts values to other types if specified.
                 * @param message WatchRunResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.WatchRunResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WatchRunResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WatchRunResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WatchRunResponse {

                /** Properties of a WatchRunResponse. */
                interface $Properties {

                    /** WatchRunResponse run */
                    run?: (signalbox.control.v1.Run.$Properties|null);

                    /** WatchRunResponse jobs */
                    jobs?: (signalbox.control.v1.Job.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WatchRunResponse. */
                type $Shape = {
                  run?: signalbox.control.v1.Run.$Shape|null;
                  jobs?: signalbox.control.v1.Job.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a CancelRunRequest.
             * @deprecated Use signalbox.control.v1.CancelRunRequest.$Properties instead.
             */
            interface ICancelRunRequest extends signalbox.control.v1.CancelRunRequest.$Properties {
            }

            /** Represents a CancelRunRequest. */
            class CancelRunRequest {

                /**
                 * Constructs a new CancelRunRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CancelRunRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CancelRunRequest namespace. */
                namespace: string;

                /** CancelRunRequest id. */
                id: string;

                /** CancelRunRequest reason. */
                reason: string;

                /**
                 * Creates a new CancelRunRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CancelRunRequest instance
                 */
                static create(properties: signalbox.control.v1.CancelRunRequest.$Shape): signalbox.control.v1.CancelRunRequest & signalbox.control.v1.CancelRunRequest.$Shape;
                static create(properties?: signalbox.control.v1.CancelRunRequest.$Properties): signalbox.control.v1.CancelRunRequest;

                /**
                 * Encodes the specified CancelRunRequest message. Does not implicitly {@link signalbox.control.v1.CancelRunRequest.verify|verify} messages.
                 * @param message CancelRunRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CancelRunRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CancelRunRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CancelRunRequest & signalbox.control.v1.CancelRunRequest.$Shape} CancelRunRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CancelRunRequest & signalbox.control.v1.CancelRunRequest.$Shape;

                /**
                 * Creates a CancelRunRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CancelRunRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CancelRunRequest;

                /**
                 * Creates a plain object from a CancelRunRequest message. Also converts values to other types if specified.
                 * @param message CancelRunRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CancelRunRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CancelRunRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CancelRunRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CancelRunRequest {

                /** Properties of a CancelRunRequest. */
                interface $Properties {

                    /** CancelRunRequest namespace */
                    namespace?: (string|null);

                    /** CancelRunRequest id */
                    id?: (string|null);

                    /** CancelRunRequest reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CancelRunRequest. */
                type $Shape = signalbox.control.v1.CancelRunRequest.$Properties;
            }

            /**
             * Properties of a CancelRunResponse.
             * @deprecated Use signalbox.control.v1.CancelRunResponse.$Properties instead.
             */
            interface ICancelRunResponse extends signalbox.control.v1.CancelRunResponse.$Properties {
            }

            /** Represents a CancelRunResponse. */
            class CancelRunResponse {

                /**
                 * Constructs a new CancelRunResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.CancelRunResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CancelRunResponse run. */
                run?: (signalbox.control.v1.Run.$Properties|null);

                /**
                 * Creates a new CancelRunResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CancelRunResponse instance
                 */
                static create(properties: signalbox.control.v1.CancelRunResponse.$Shape): signalbox.control.v1.CancelRunResponse & signalbox.control.v1.CancelRunResponse.$Shape;
                static create(properties?: signalbox.control.v1.CancelRunResponse.$Properties): signalbox.control.v1.CancelRunResponse;

                /**
                 * Encodes the specified CancelRunResponse message. Does not implicitly {@link signalbox.control.v1.CancelRunResponse.verify|verify} messages.
                 * @param message CancelRunResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.CancelRunResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CancelRunResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.CancelRunResponse & signalbox.control.v1.CancelRunResponse.$Shape} CancelRunResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.CancelRunResponse & signalbox.control.v1.CancelRunResponse.$Shape;

                /**
                 * Creates a CancelRunResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CancelRunResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.CancelRunResponse;

                /**
                 * Creates a plain object from a CancelRunResponse message. Also converts values to other types if specified.
                 * @param message CancelRunResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.CancelRunResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CancelRunResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CancelRunResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CancelRunResponse {

                /** Properties of a CancelRunResponse. */
                interface $Properties {

                    /** CancelRunResponse run */
                    run?: (signalbox.control.v1.Run.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CancelRunResponse. */
                type $Shape = signalbox.control.v1.CancelRunResponse.$Properties;
            }

            /**
             * Properties of a RetryRunRequest.
             * @deprecated Use signalbox.control.v1.RetryRunRequest.$Properties instead.
             */
            interface IRetryRunRequest extends signalbox.control.v1.RetryRunRequest.$Properties {
            }

            /** Represents a RetryRunRequest. */
            class RetryRunRequest {

                /**
                 * Constructs a new RetryRunRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RetryRunRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RetryRunRequest namespace. */
                namespace: string;

                /** RetryRunRequest id. */
                id: string;

                /**
                 * Creates a new RetryRunRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RetryRunRequest instance
                 */
                static create(properties: signalbox.control.v1.RetryRunRequest.$Shape): signalbox.control.v1.RetryRunRequest & signalbox.control.v1.RetryRunRequest.$Shape;
                static create(properties?: signalbox.control.v1.RetryRunRequest.$Properties): signalbox.control.v1.RetryRunRequest;

                /**
                 * Encodes the specified RetryRunRequest message. Does not implicitly {@link signalbox.control.v1.RetryRunRequest.verify|verify} messages.
                 * @param message RetryRunRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RetryRunRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RetryRunRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RetryRunRequest & signalbox.control.v1.RetryRunRequest.$Shape} RetryRunRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RetryRunRequest & signalbox.control.v1.RetryRunRequest.$Shape;

                /**
                 * Creates a RetryRunRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RetryRunRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RetryRunRequest;

                /**
                 * Creates a plain object from a RetryRunRequest message. Also converts values to other types if specified.
                 * @param message RetryRunRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RetryRunRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RetryRunRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RetryRunRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RetryRunRequest {

                /** Properties of a RetryRunRequest. */
                interface $Properties {

                    /** RetryRunRequest namespace */
                    namespace?: (string|null);

                    /** RetryRunRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RetryRunRequest. */
                type $Shape = signalbox.control.v1.RetryRunRequest.$Properties;
            }

            /**
             * Properties of a RetryRunResponse.
             * @deprecated Use signalbox.control.v1.RetryRunResponse.$Properties instead.
             */
            interface IRetryRunResponse extends signalbox.control.v1.RetryRunResponse.$Properties {
            }

            /** Represents a RetryRunResponse. */
            class RetryRunResponse {

                /**
                 * Constructs a new RetryRunResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.RetryRunResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RetryRunResponse run. */
                run?: (signalbox.control.v1.Run.$Properties|null);

                /**
                 * Creates a new RetryRunResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RetryRunResponse instance
                 */
                static create(properties: signalbox.control.v1.RetryRunResponse.$Shape): signalbox.control.v1.RetryRunResponse & signalbox.control.v1.RetryRunResponse.$Shape;
                static create(properties?: signalbox.control.v1.RetryRunResponse.$Properties): signalbox.control.v1.RetryRunResponse;

                /**
                 * Encodes the specified RetryRunResponse message. Does not implicitly {@link signalbox.control.v1.RetryRunResponse.verify|verify} messages.
                 * @param message RetryRunResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.RetryRunResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RetryRunResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.RetryRunResponse & signalbox.control.v1.RetryRunResponse.$Shape} RetryRunResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.RetryRunResponse & signalbox.control.v1.RetryRunResponse.$Shape;

                /**
                 * Creates a RetryRunResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RetryRunResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.RetryRunResponse;

                /**
                 * Creates a plain object from a RetryRunResponse message. Also converts values to other types if specified.
                 * @param message RetryRunResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.RetryRunResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RetryRunResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RetryRunResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RetryRunResponse {

                /** Properties of a RetryRunResponse. */
                interface $Properties {

                    /** RetryRunResponse run */
                    run?: (signalbox.control.v1.Run.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RetryRunResponse. */
                type $Shape = signalbox.control.v1.RetryRunResponse.$Properties;
            }

            /**
             * Properties of a GetReceiptsRequest.
             * @deprecated Use signalbox.control.v1.GetReceiptsRequest.$Properties instead.
             */
            interface IGetReceiptsRequest extends signalbox.control.v1.GetReceiptsRequest.$Properties {
            }

            /** Represents a GetReceiptsRequest. */
            class GetReceiptsRequest {

                /**
                 * Constructs a new GetReceiptsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetReceiptsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetReceiptsRequest namespace. */
                namespace: string;

                /** GetReceiptsRequest id. */
                id: string;

                /**
                 * Creates a new GetReceiptsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetReceiptsRequest instance
                 */
                static create(properties: signalbox.control.v1.GetReceiptsRequest.$Shape): signalbox.control.v1.GetReceiptsRequest & signalbox.control.v1.GetReceiptsRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetReceiptsRequest.$Properties): signalbox.control.v1.GetReceiptsRequest;

                /**
                 * Encodes the specified GetReceiptsRequest message. Does not implicitly {@link signalbox.control.v1.GetReceiptsRequest.verify|verify} messages.
                 * @param message GetReceiptsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetReceiptsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetReceiptsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetReceiptsRequest & signalbox.control.v1.GetReceiptsRequest.$Shape} GetReceiptsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetReceiptsRequest & signalbox.control.v1.GetReceiptsRequest.$Shape;

                /**
                 * Creates a GetReceiptsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetReceiptsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetReceiptsRequest;

                /**
                 * Creates a plain object from a GetReceiptsRequest message. Also converts values to other types if specified.
                 * @param message GetReceiptsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetReceiptsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetReceiptsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetReceiptsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetReceiptsRequest {

                /** Properties of a GetReceiptsRequest. */
                interface $Properties {

                    /** GetReceiptsRequest namespace */
                    namespace?: (string|null);

                    /** GetReceiptsRequest id */
                    id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetReceiptsRequest. */
                type $Shape = signalbox.control.v1.GetReceiptsRequest.$Properties;
            }

            /**
             * Properties of a GetReceiptsResponse.
             * @deprecated Use signalbox.control.v1.GetReceiptsResponse.$Properties instead.
             */
            interface IGetReceiptsResponse extends signalbox.control.v1.GetReceiptsResponse.$Properties {
            }

            /** Represents a GetReceiptsResponse. */
            class GetReceiptsResponse {

                /**
                 * Constructs a new GetReceiptsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetReceiptsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetReceiptsResponse bundleJson. */
                bundleJson: Uint8Array;

                /**
                 * Creates a new GetReceiptsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetReceiptsResponse instance
                 */
                static create(properties: signalbox.control.v1.GetReceiptsResponse.$Shape): signalbox.control.v1.GetReceiptsResponse & signalbox.control.v1.GetReceiptsResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetReceiptsResponse.$Properties): signalbox.control.v1.GetReceiptsResponse;

                /**
                 * Encodes the specified GetReceiptsResponse message. Does not implicitly {@link signalbox.control.v1.GetReceiptsResponse.verify|verify} messages.
                 * @param message GetReceiptsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetReceiptsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetReceiptsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetReceiptsResponse & signalbox.control.v1.GetReceiptsResponse.$Shape} GetReceiptsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetReceiptsResponse & signalbox.control.v1.GetReceiptsResponse.$Shape;

                /**
                 * Creates a GetReceiptsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetReceiptsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetReceiptsResponse;

                /**
                 * Creates a plain object from a GetReceiptsResponse message. Also converts values to other types if specified.
                 * @param message GetReceiptsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetReceiptsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetReceiptsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetReceiptsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetReceiptsResponse {

                /** Properties of a GetReceiptsResponse. */
                interface $Properties {

                    /** GetReceiptsResponse bundleJson */
                    bundleJson?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetReceiptsResponse. */
                type $Shape = signalbox.control.v1.GetReceiptsResponse.$Properties;
            }

            /**
             * Properties of a UsageCell.
             * @deprecated Use signalbox.control.v1.UsageCell.$Properties instead.
             */
            interface IUsageCell extends signalbox.control.v1.UsageCell.$Properties {
            }

            /** Represents a UsageCell. */
            class UsageCell {

                /**
                 * Constructs a new UsageCell.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.UsageCell.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** UsageCell namespace. */
                namespace: string;

                /** UsageCell day. */
                day: number;

                /** UsageCell key. */
                key: string;

                /** UsageCell model. */
                model: string;

                /** UsageCell requests. */
                requests: number;

                /** UsageCell failed. */
                failed: number;

                /** UsageCell promptTokens. */
                promptTokens: number;

                /** UsageCell cachedTokens. */
                cachedTokens: number;

                /** UsageCell completionTokens. */
                completionTokens: number;

                /** UsageCell workerMs. */
                workerMs: number;

                /**
                 * Creates a new UsageCell instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns UsageCell instance
                 */
                static create(properties: signalbox.control.v1.UsageCell.$Shape): signalbox.control.v1.UsageCell & signalbox.control.v1.UsageCell.$Shape;
                static create(properties?: signalbox.control.v1.UsageCell.$Properties): signalbox.control.v1.UsageCell;

                /**
                 * Encodes the specified UsageCell message. Does not implicitly {@link signalbox.control.v1.UsageCell.verify|verify} messages.
                 * @param message UsageCell message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.UsageCell.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a UsageCell message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.UsageCell & signalbox.control.v1.UsageCell.$Shape} UsageCell
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.UsageCell & signalbox.control.v1.UsageCell.$Shape;

                /**
                 * Creates a UsageCell message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns UsageCell
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.UsageCell;

                /**
                 * Creates a plain object from a UsageCell message. Also converts values to other types if specified.
                 * @param message UsageCell
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.UsageCell, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this UsageCell to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for UsageCell
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace UsageCell {

                /** Properties of a UsageCell. */
                interface $Properties {

                    /** UsageCell namespace */
                    namespace?: (string|null);

                    /** UsageCell day */
                    day?: (number|null);

                    /** UsageCell key */
                    key?: (string|null);

                    /** UsageCell model */
                    model?: (string|null);

                    /** UsageCell requests */
                    requests?: (number|null);

                    /** UsageCell failed */
                    failed?: (number|null);

                    /** UsageCell promptTokens */
                    promptTokens?: (number|null);

                    /** UsageCell cachedTokens */
                    cachedTokens?: (number|null);

                    /** UsageCell completionTokens */
                    completionTokens?: (number|null);

                    /** UsageCell workerMs */
                    workerMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a UsageCell. */
                type $Shape = signalbox.control.v1.UsageCell.$Properties;
            }

            /**
             * Properties of a PostUsageRequest.
             * @deprecated Use signalbox.control.v1.PostUsageRequest.$Properties instead.
             */
            interface IPostUsageRequest extends signalbox.control.v1.PostUsageRequest.$Properties {
            }

            /** Represents a PostUsageRequest. */
            class PostUsageRequest {

                /**
                 * Constructs a new PostUsageRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.PostUsageRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PostUsageRequest journal. */
                journal: string;

                /** PostUsageRequest from. */
                from: number;

                /** PostUsageRequest to. */
                to: number;

                /** PostUsageRequest cells. */
                cells: signalbox.control.v1.UsageCell.$Properties[];

                /**
                 * Creates a new PostUsageRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PostUsageRequest instance
                 */
                static create(properties: signalbox.control.v1.PostUsageRequest.$Shape): signalbox.control.v1.PostUsageRequest & signalbox.control.v1.PostUsageRequest.$Shape;
                static create(properties?: signalbox.control.v1.PostUsageRequest.$Properties): signalbox.control.v1.PostUsageRequest;

                /**
                 * Encodes the specified PostUsageRequest message. Does not implicitly {@link signalbox.control.v1.PostUsageRequest.verify|verify} messages.
                 * @param message PostUsageRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.PostUsageRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PostUsageRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.PostUsageRequest & signalbox.control.v1.PostUsageRequest.$Shape} PostUsageRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.PostUsageRequest & signalbox.control.v1.PostUsageRequest.$Shape;

                /**
                 * Creates a PostUsageRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PostUsageRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.PostUsageRequest;

                /**
                 * Creates a plain object from a PostUsageRequest message. Also converts values to other types if specified.
                 * @param message PostUsageRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.PostUsageRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PostUsageRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PostUsageRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PostUsageRequest {

                /** Properties of a PostUsageRequest. */
                interface $Properties {

                    /** PostUsageRequest journal */
                    journal?: (string|null);

                    /** PostUsageRequest from */
                    from?: (number|null);

                    /** PostUsageRequest to */
                    to?: (number|null);

                    /** PostUsageRequest cells */
                    cells?: (signalbox.control.v1.UsageCell.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PostUsageRequest. */
                type $Shape = signalbox.control.v1.PostUsageRequest.$Properties;
            }

            /**
             * Properties of a PostUsageResponse.
             * @deprecated Use signalbox.control.v1.PostUsageResponse.$Properties instead.
             */
            interface IPostUsageResponse extends signalbox.control.v1.PostUsageResponse.$Properties {
            }

            /** Represents a PostUsageResponse. */
            class PostUsageResponse {

                /**
                 * Constructs a new PostUsageResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.PostUsageResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PostUsageResponse refused. */
                refused: string[];

                /**
                 * Creates a new PostUsageResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns PostUsageResponse instance
                 */
                static create(properties: signalbox.control.v1.PostUsageResponse.$Shape): signalbox.control.v1.PostUsageResponse & signalbox.control.v1.PostUsageResponse.$Shape;
                static create(properties?: signalbox.control.v1.PostUsageResponse.$Properties): signalbox.control.v1.PostUsageResponse;

                /**
                 * Encodes the specified PostUsageResponse message. Does not implicitly {@link signalbox.control.v1.PostUsageResponse.verify|verify} messages.
                 * @param message PostUsageResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.PostUsageResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PostUsageResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.PostUsageResponse & signalbox.control.v1.PostUsageResponse.$Shape} PostUsageResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.PostUsageResponse & signalbox.control.v1.PostUsageResponse.$Shape;

                /**
                 * Creates a PostUsageResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PostUsageResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.PostUsageResponse;

                /**
                 * Creates a plain object from a PostUsageResponse message. Also converts values to other types if specified.
                 * @param message PostUsageResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.PostUsageResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PostUsageResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for PostUsageResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace PostUsageResponse {

                /** Properties of a PostUsageResponse. */
                interface $Properties {

                    /** PostUsageResponse refused */
                    refused?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PostUsageResponse. */
                type $Shape = signalbox.control.v1.PostUsageResponse.$Properties;
            }

            /**
             * Properties of a GetUsageRequest.
             * @deprecated Use signalbox.control.v1.GetUsageRequest.$Properties instead.
             */
            interface IGetUsageRequest extends signalbox.control.v1.GetUsageRequest.$Properties {
            }

            /** Represents a GetUsageRequest. */
            class GetUsageRequest {

                /**
                 * Constructs a new GetUsageRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetUsageRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetUsageRequest namespace. */
                namespace: string;

                /** GetUsageRequest fromDay. */
                fromDay: number;

                /** GetUsageRequest toDay. */
                toDay: number;

                /**
                 * Creates a new GetUsageRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetUsageRequest instance
                 */
                static create(properties: signalbox.control.v1.GetUsageRequest.$Shape): signalbox.control.v1.GetUsageRequest & signalbox.control.v1.GetUsageRequest.$Shape;
                static create(properties?: signalbox.control.v1.GetUsageRequest.$Properties): signalbox.control.v1.GetUsageRequest;

                /**
                 * Encodes the specified GetUsageRequest message. Does not implicitly {@link signalbox.control.v1.GetUsageRequest.verify|verify} messages.
                 * @param message GetUsageRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetUsageRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetUsageRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetUsageRequest & signalbox.control.v1.GetUsageRequest.$Shape} GetUsageRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetUsageRequest & signalbox.control.v1.GetUsageRequest.$Shape;

                /**
                 * Creates a GetUsageRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetUsageRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetUsageRequest;

                /**
                 * Creates a plain object from a GetUsageRequest message. Also converts values to other types if specified.
                 * @param message GetUsageRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetUsageRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetUsageRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetUsageRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetUsageRequest {

                /** Properties of a GetUsageRequest. */
                interface $Properties {

                    /** GetUsageRequest namespace */
                    namespace?: (string|null);

                    /** GetUsageRequest fromDay */
                    fromDay?: (number|null);

                    /** GetUsageRequest toDay */
                    toDay?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetUsageRequest. */
                type $Shape = signalbox.control.v1.GetUsageRequest.$Properties;
            }

            /**
             * Properties of a GetUsageResponse.
             * @deprecated Use signalbox.control.v1.GetUsageResponse.$Properties instead.
             */
            interface IGetUsageResponse extends signalbox.control.v1.GetUsageResponse.$Properties {
            }

            /** Represents a GetUsageResponse. */
            class GetUsageResponse {

                /**
                 * Constructs a new GetUsageResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.control.v1.GetUsageResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetUsageResponse cells. */
                cells: signalbox.control.v1.UsageCell.$Properties[];

                /**
                 * Creates a new GetUsageResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetUsageResponse instance
                 */
                static create(properties: signalbox.control.v1.GetUsageResponse.$Shape): signalbox.control.v1.GetUsageResponse & signalbox.control.v1.GetUsageResponse.$Shape;
                static create(properties?: signalbox.control.v1.GetUsageResponse.$Properties): signalbox.control.v1.GetUsageResponse;

                /**
                 * Encodes the specified GetUsageResponse message. Does not implicitly {@link signalbox.control.v1.GetUsageResponse.verify|verify} messages.
                 * @param message GetUsageResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.control.v1.GetUsageResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetUsageResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.control.v1.GetUsageResponse & signalbox.control.v1.GetUsageResponse.$Shape} GetUsageResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.control.v1.GetUsageResponse & signalbox.control.v1.GetUsageResponse.$Shape;

                /**
                 * Creates a GetUsageResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetUsageResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.control.v1.GetUsageResponse;

                /**
                 * Creates a plain object from a GetUsageResponse message. Also converts values to other types if specified.
                 * @param message GetUsageResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.control.v1.GetUsageResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetUsageResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetUsageResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetUsageResponse {

                /** Properties of a GetUsageResponse. */
                interface $Properties {

                    /** GetUsageResponse cells */
                    cells?: (signalbox.control.v1.UsageCell.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetUsageResponse. */
                type $Shape = signalbox.control.v1.GetUsageResponse.$Properties;
            }
        }
    }

    /** Namespace events. */
    namespace events {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of a Record.
             * @deprecated Use signalbox.events.v1.Record.$Properties instead.
             */
            interface IRecord extends signalbox.events.v1.Record.$Properties {
            }

            /** Represents a Record. */
            class Record {

                /**
                 * Constructs a new Record.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.events.v1.Record.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Record v. */
                v: number;

                /** Record minReader. */
                minReader: number;

                /** Record partition. */
                partition: number;

                /** Record epoch. */
                epoch: number;

                /** Record writer. */
                writer: string;

                /** Record n. */
                n: number;

                /** Record prevHash. */
                prevHash: Uint8Array;

                /** Record tsMs. */
                tsMs: number;

                /** Record entries. */
                entries: signalbox.events.v1.Entry.$Properties[];

                /**
                 * Creates a new Record instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Record instance
                 */
                static create(properties: signalbox.events.v1.Record.$Shape): signalbox.events.v1.Record & signalbox.events.v1.Record.$Shape;
                static create(properties?: signalbox.events.v1.Record.$Properties): signalbox.events.v1.Record;

                /**
                 * Encodes the specified Record message. Does not implicitly {@link signalbox.events.v1.Record.verify|verify} messages.
                 * @param message Record message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.events.v1.Record.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Record message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.events.v1.Record & signalbox.events.v1.Record.$Shape} Record
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.events.v1.Record & signalbox.events.v1.Record.$Shape;

                /**
                 * Creates a Record message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Record
                 */
                static fromObject(object: { [k: string]: any }): signalbox.events.v1.Record;

                /**
                 * Creates a plain object from a Record message. Also converts values to other types if specified.
                 * @param message Record
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.events.v1.Record, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Record to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Record
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Record {

                /** Properties of a Record. */
                interface $Properties {

                    /** Record v */
                    v?: (number|null);

                    /** Record minReader */
                    minReader?: (number|null);

                    /** Record partition */
                    partition?: (number|null);

                    /** Record epoch */
                    epoch?: (number|null);

                    /** Record writer */
                    writer?: (string|null);

                    /** Record n */
                    n?: (number|null);

                    /** Record prevHash */
                    prevHash?: (Uint8Array|null);

                    /** Record tsMs */
                    tsMs?: (number|null);

                    /** Record entries */
                    entries?: (signalbox.events.v1.Entry.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Record. */
                type $Shape = signalbox.events.v1.Record.$Properties;
            }

            /**
             * Properties of an Entry.
             * @deprecated Use signalbox.events.v1.Entry.$Properties instead.
             */
            interface IEntry extends signalbox.events.v1.Entry.$Properties {
            }

            /** Represents an Entry. */
            class Entry {

                /**
                 * Constructs a new Entry.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.events.v1.Entry.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Entry actor. */
                actor: string;

                /** Entry eventsJson. */
                eventsJson: Uint8Array;

                /**
                 * Creates a new Entry instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Entry instance
                 */
                static create(properties: signalbox.events.v1.Entry.$Shape): signalbox.events.v1.Entry & signalbox.events.v1.Entry.$Shape;
                static create(properties?: signalbox.events.v1.Entry.$Properties): signalbox.events.v1.Entry;

                /**
                 * Encodes the specified Entry message. Does not implicitly {@link signalbox.events.v1.Entry.verify|verify} messages.
                 * @param message Entry message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.events.v1.Entry.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Entry message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.events.v1.Entry & signalbox.events.v1.Entry.$Shape} Entry
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.events.v1.Entry & signalbox.events.v1.Entry.$Shape;

                /**
                 * Creates an Entry message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Entry
                 */
                static fromObject(object: { [k: string]: any }): signalbox.events.v1.Entry;

                /**
                 * Creates a plain object from an Entry message. Also converts values to other types if specified.
                 * @param message Entry
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.events.v1.Entry, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Entry to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Entry
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Entry {

                /** Properties of an Entry. */
                interface $Properties {

                    /** Entry actor */
                    actor?: (string|null);

                    /** Entry eventsJson */
                    eventsJson?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Entry. */
                type $Shape = signalbox.events.v1.Entry.$Properties;
            }
        }
    }

    /** Namespace inference. */
    namespace inference {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of a CompleteRequest.
             * @deprecated Use signalbox.inference.v1.CompleteRequest.$Properties instead.
             */
            interface ICompleteRequest extends signalbox.inference.v1.CompleteRequest.$Properties {
            }

            /** Represents a CompleteRequest. */
            class CompleteRequest {

                /**
                 * Constructs a new CompleteRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.CompleteRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CompleteRequest model. */
                model: string;

                /** CompleteRequest ids. */
                ids?: (signalbox.inference.v1.TokenIds.$Properties|null);

                /** CompleteRequest text. */
                text?: (string|null);

                /** CompleteRequest chat. */
                chat?: (signalbox.inference.v1.Chat.$Properties|null);

                /** CompleteRequest sampling. */
                sampling?: (signalbox.inference.v1.Sampling.$Properties|null);

                /** CompleteRequest stop. */
                stop: string[];

                /** CompleteRequest withText. */
                withText?: (boolean|null);

                /** CompleteRequest resumeIds. */
                resumeIds: number[];

                /** CompleteRequest class. */
                class: signalbox.inference.v1.RequestClass;

                /** CompleteRequest session. */
                session: string;

                /** CompleteRequest cacheSalt. */
                cacheSalt: string;

                /** CompleteRequest form. */
                form?: (signalbox.inference.v1.Form.$Properties|null);

                /** CompleteRequest prompt. */
                prompt?: ("ids"|"text"|"chat");

                /**
                 * Creates a new CompleteRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CompleteRequest instance
                 */
                static create(properties: signalbox.inference.v1.CompleteRequest.$Shape): signalbox.inference.v1.CompleteRequest & signalbox.inference.v1.CompleteRequest.$Shape;
                static create(properties?: signalbox.inference.v1.CompleteRequest.$Properties): signalbox.inference.v1.CompleteRequest;

                /**
                 * Encodes the specified CompleteRequest message. Does not implicitly {@link signalbox.inference.v1.CompleteRequest.verify|verify} messages.
                 * @param message CompleteRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.CompleteRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CompleteRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.CompleteRequest & signalbox.inference.v1.CompleteRequest.$Shape} CompleteRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.CompleteRequest & signalbox.inference.v1.CompleteRequest.$Shape;

                /**
                 * Creates a CompleteRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CompleteRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.CompleteRequest;

                /**
                 * Creates a plain object from a CompleteRequest message. Also converts values to other types if specified.
                 * @param message CompleteRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.CompleteRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CompleteRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CompleteRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CompleteRequest {

                /** Properties of a CompleteRequest. */
                interface $Properties {

                    /** CompleteRequest model */
                    model?: (string|null);

                    /** CompleteRequest ids */
                    ids?: (signalbox.inference.v1.TokenIds.$Properties|null);

                    /** CompleteRequest text */
                    text?: (string|null);

                    /** CompleteRequest chat */
                    chat?: (signalbox.inference.v1.Chat.$Properties|null);

                    /** CompleteRequest sampling */
                    sampling?: (signalbox.inference.v1.Sampling.$Properties|null);

                    /** CompleteRequest stop */
                    stop?: (string[]|null);

                    /** CompleteRequest withText */
                    withText?: (boolean|null);

                    /** CompleteRequest resumeIds */
                    resumeIds?: (number[]|null);

                    /** CompleteRequest class */
                    "class"?: (signalbox.inference.v1.RequestClass|null);

                    /** CompleteRequest session */
                    session?: (string|null);

                    /** CompleteRequest cacheSalt */
                    cacheSalt?: (string|null);

                    /** CompleteRequest form */
                    form?: (signalbox.inference.v1.Form.$Properties|null);

                    /** CompleteRequest prompt */
                    prompt?: ("ids"|"text"|"chat");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a CompleteRequest. */
                type $Shape = {
                  model?: string|null;
                  ids?: signalbox.inference.v1.TokenIds.$Shape|null;
                  text?: string|null;
                  chat?: signalbox.inference.v1.Chat.$Shape|null;
                  sampling?: signalbox.inference.v1.Sampling.$Shape|null;
                  stop?: string[]|null;
                  withText?: boolean|null;
                  resumeIds?: number[]|null;
                  "class"?: signalbox.inference.v1.RequestClass|null;
                  session?: string|null;
                  cacheSalt?: string|null;
                  form?: signalbox.inference.v1.Form.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ prompt?: undefined; ids?: null; text?: null; chat?: null }|{ prompt?: "ids"; ids: signalbox.inference.v1.TokenIds.$Shape; text?: null; chat?: null }|{ prompt?: "text"; ids?: null; text: string; chat?: null }|{ prompt?: "chat"; ids?: null; text?: null; chat: signalbox.inference.v1.Chat.$Shape })
                );
            }

            /**
             * Properties of a TokenIds.
             * @deprecated Use signalbox.inference.v1.TokenIds.$Properties instead.
             */
            interface ITokenIds extends signalbox.inference.v1.TokenIds.$Properties {
            }

            /** Represents a TokenIds. */
            class TokenIds {

                /**
                 * Constructs a new TokenIds.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenIds.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenIds ids. */
                ids: number[];

                /**
                 * Creates a new TokenIds instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenIds instance
                 */
                static create(properties: signalbox.inference.v1.TokenIds.$Shape): signalbox.inference.v1.TokenIds & signalbox.inference.v1.TokenIds.$Shape;
                static create(properties?: signalbox.inference.v1.TokenIds.$Properties): signalbox.inference.v1.TokenIds;

                /**
                 * Encodes the specified TokenIds message. Does not implicitly {@link signalbox.inference.v1.TokenIds.verify|verify} messages.
                 * @param message TokenIds message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenIds.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenIds message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenIds & signalbox.inference.v1.TokenIds.$Shape} TokenIds
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenIds & signalbox.inference.v1.TokenIds.$Shape;

                /**
                 * Creates a TokenIds message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenIds
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenIds;

                /**
                 * Creates a plain object from a TokenIds message. Also converts values to other types if specified.
                 * @param message TokenIds
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenIds, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenIds to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenIds
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenIds {

                /** Properties of a TokenIds. */
                interface $Properties {

                    /** TokenIds ids */
                    ids?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenIds. */
                type $Shape = signalbox.inference.v1.TokenIds.$Properties;
            }

            /**
             * Properties of a Chat.
             * @deprecated Use signalbox.inference.v1.Chat.$Properties instead.
             */
            interface IChat extends signalbox.inference.v1.Chat.$Properties {
            }

            /** Represents a Chat. */
            class Chat {

                /**
                 * Constructs a new Chat.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Chat.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Chat messages. */
                messages: signalbox.inference.v1.ChatMessage.$Properties[];

                /**
                 * Creates a new Chat instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Chat instance
                 */
                static create(properties: signalbox.inference.v1.Chat.$Shape): signalbox.inference.v1.Chat & signalbox.inference.v1.Chat.$Shape;
                static create(properties?: signalbox.inference.v1.Chat.$Properties): signalbox.inference.v1.Chat;

                /**
                 * Encodes the specified Chat message. Does not implicitly {@link signalbox.inference.v1.Chat.verify|verify} messages.
                 * @param message Chat message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Chat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Chat message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Chat & signalbox.inference.v1.Chat.$Shape} Chat
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Chat & signalbox.inference.v1.Chat.$Shape;

                /**
                 * Creates a Chat message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Chat
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Chat;

                /**
                 * Creates a plain object from a Chat message. Also converts values to other types if specified.
                 * @param message Chat
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Chat, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Chat to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Chat
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Chat {

                /** Properties of a Chat. */
                interface $Properties {

                    /** Chat messages */
                    messages?: (signalbox.inference.v1.ChatMessage.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Chat. */
                type $Shape = signalbox.inference.v1.Chat.$Properties;
            }

            /**
             * Properties of a ChatMessage.
             * @deprecated Use signalbox.inference.v1.ChatMessage.$Properties instead.
             */
            interface IChatMessage extends signalbox.inference.v1.ChatMessage.$Properties {
            }

            /** Represents a ChatMessage. */
            class ChatMessage {

                /**
                 * Constructs a new ChatMessage.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.ChatMessage.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ChatMessage role. */
                role: string;

                /** ChatMessage content. */
                content: string;

                /**
                 * Creates a new ChatMessage instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ChatMessage instance
                 */
                static create(properties: signalbox.inference.v1.ChatMessage.$Shape): signalbox.inference.v1.ChatMessage & signalbox.inference.v1.ChatMessage.$Shape;
                static create(properties?: signalbox.inference.v1.ChatMessage.$Properties): signalbox.inference.v1.ChatMessage;

                /**
                 * Encodes the specified ChatMessage message. Does not implicitly {@link signalbox.inference.v1.ChatMessage.verify|verify} messages.
                 * @param message ChatMessage message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.ChatMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ChatMessage message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.ChatMessage & signalbox.inference.v1.ChatMessage.$Shape} ChatMessage
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.ChatMessage & signalbox.inference.v1.ChatMessage.$Shape;

                /**
                 * Creates a ChatMessage message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ChatMessage
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.ChatMessage;

                /**
                 * Creates a plain object from a ChatMessage message. Also converts values to other types if specified.
                 * @param message ChatMessage
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.ChatMessage, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ChatMessage to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ChatMessage
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ChatMessage {

                /** Properties of a ChatMessage. */
                interface $Properties {

                    /** ChatMessage role */
                    role?: (string|null);

                    /** ChatMessage content */
                    content?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ChatMessage. */
                type $Shape = signalbox.inference.v1.ChatMessage.$Properties;
            }

            /** RequestClass enum. */
            enum RequestClass {

                /** REQUEST_CLASS_UNSPECIFIED value */
                REQUEST_CLASS_UNSPECIFIED = 0,

                /** REQUEST_CLASS_CRITICAL value */
                REQUEST_CLASS_CRITICAL = 1,

                /** REQUEST_CLASS_REALTIME value */
                REQUEST_CLASS_REALTIME = 2,

                /** REQUEST_CLASS_HIGH value */
                REQUEST_CLASS_HIGH = 3,

                /** REQUEST_CLASS_NORMAL value */
                REQUEST_CLASS_NORMAL = 4,

                /** REQUEST_CLASS_LOW value */
                REQUEST_CLASS_LOW = 5,

                /** REQUEST_CLASS_BULK value */
                REQUEST_CLASS_BULK = 6
            }

            /**
             * Properties of a Form.
             * @deprecated Use signalbox.inference.v1.Form.$Properties instead.
             */
            interface IForm extends signalbox.inference.v1.Form.$Properties {
            }

            /** Represents a Form. */
            class Form {

                /**
                 * Constructs a new Form.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Form.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Form jsonSchema. */
                jsonSchema?: (string|null);

                /** Form regex. */
                regex?: (string|null);

                /** Form choice. */
                choice?: (signalbox.inference.v1.FormChoice.$Properties|null);

                /** Form jsonObject. */
                jsonObject?: (boolean|null);

                /** Form form. */
                form?: ("jsonSchema"|"regex"|"choice"|"jsonObject");

                /**
                 * Creates a new Form instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Form instance
                 */
                static create(properties: signalbox.inference.v1.Form.$Shape): signalbox.inference.v1.Form & signalbox.inference.v1.Form.$Shape;
                static create(properties?: signalbox.inference.v1.Form.$Properties): signalbox.inference.v1.Form;

                /**
                 * Encodes the specified Form message. Does not implicitly {@link signalbox.inference.v1.Form.verify|verify} messages.
                 * @param message Form message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Form.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Form message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Form & signalbox.inference.v1.Form.$Shape} Form
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Form & signalbox.inference.v1.Form.$Shape;

                /**
                 * Creates a Form message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Form
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Form;

                /**
                 * Creates a plain object from a Form message. Also converts values to other types if specified.
                 * @param message Form
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Form, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Form to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Form
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Form {

                /** Properties of a Form. */
                interface $Properties {

                    /** Form jsonSchema */
                    jsonSchema?: (string|null);

                    /** Form regex */
                    regex?: (string|null);

                    /** Form choice */
                    choice?: (signalbox.inference.v1.FormChoice.$Properties|null);

                    /** Form jsonObject */
                    jsonObject?: (boolean|null);

                    /** Form form */
                    form?: ("jsonSchema"|"regex"|"choice"|"jsonObject");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a Form. */
                type $Shape = {
                  jsonSchema?: string|null;
                  regex?: string|null;
                  choice?: signalbox.inference.v1.FormChoice.$Shape|null;
                  jsonObject?: boolean|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ form?: undefined; jsonSchema?: null; regex?: null; choice?: null; jsonObject?: null }|{ form?: "jsonSchema"; jsonSchema: string; regex?: null; choice?: null; jsonObject?: null }|{ form?: "regex"; jsonSchema?: null; regex: string; choice?: null; jsonObject?: null }|{ form?: "choice"; jsonSchema?: null; regex?: null; choice: signalbox.inference.v1.FormChoice.$Shape; jsonObject?: null }|{ form?: "jsonObject"; jsonSchema?: null; regex?: null; choice?: null; jsonObject: boolean })
                );
            }

            /**
             * Properties of a FormChoice.
             * @deprecated Use signalbox.inference.v1.FormChoice.$Properties instead.
             */
            interface IFormChoice extends signalbox.inference.v1.FormChoice.$Properties {
            }

            /** Represents a FormChoice. */
            class FormChoice {

                /**
                 * Constructs a new FormChoice.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.FormChoice.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** FormChoice texts. */
                texts: string[];

                /**
                 * Creates a new FormChoice instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns FormChoice instance
                 */
                static create(properties: signalbox.inference.v1.FormChoice.$Shape): signalbox.inference.v1.FormChoice & signalbox.inference.v1.FormChoice.$Shape;
                static create(properties?: signalbox.inference.v1.FormChoice.$Properties): signalbox.inference.v1.FormChoice;

                /**
                 * Encodes the specified FormChoice message. Does not implicitly {@link signalbox.inference.v1.FormChoice.verify|verify} messages.
                 * @param message FormChoice message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.FormChoice.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a FormChoice message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.FormChoice & signalbox.inference.v1.FormChoice.$Shape} FormChoice
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.FormChoice & signalbox.inference.v1.FormChoice.$Shape;

                /**
                 * Creates a FormChoice message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns FormChoice
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.FormChoice;

                /**
                 * Creates a plain object from a FormChoice message. Also converts values to other types if specified.
                 * @param message FormChoice
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.FormChoice, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this FormChoice to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for FormChoice
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace FormChoice {

                /** Properties of a FormChoice. */
                interface $Properties {

                    /** FormChoice texts */
                    texts?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a FormChoice. */
                type $Shape = signalbox.inference.v1.FormChoice.$Properties;
            }

            /**
             * Properties of a CompleteResponse.
             * @deprecated Use signalbox.inference.v1.CompleteResponse.$Properties instead.
             */
            interface ICompleteResponse extends signalbox.inference.v1.CompleteResponse.$Properties {
            }

            /** Represents a CompleteResponse. */
            class CompleteResponse {

                /**
                 * Constructs a new CompleteResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.CompleteResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CompleteResponse started. */
                started?: (signalbox.inference.v1.Started.$Properties|null);

                /** CompleteResponse firstIndex. */
                firstIndex: number;

                /** CompleteResponse tokenIds. */
                tokenIds: number[];

                /** CompleteResponse text. */
                text: string;

                /** CompleteResponse logprobs. */
                logprobs: signalbox.inference.v1.TokenLogprobs.$Properties[];

                /** CompleteResponse finish. */
                finish: signalbox.inference.v1.FinishReason;

                /** CompleteResponse stoppedBy. */
                stoppedBy?: (string|null);

                /** CompleteResponse usage. */
                usage?: (signalbox.inference.v1.CompletionUsage.$Properties|null);

                /**
                 * Creates a new CompleteResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CompleteResponse instance
                 */
                static create(properties: signalbox.inference.v1.CompleteResponse.$Shape): signalbox.inference.v1.CompleteResponse & signalbox.inference.v1.CompleteResponse.$Shape;
                static create(properties?: signalbox.inference.v1.CompleteResponse.$Properties): signalbox.inference.v1.CompleteResponse;

                /**
                 * Encodes the specified CompleteResponse message. Does not implicitly {@link signalbox.inference.v1.CompleteResponse.verify|verify} messages.
                 * @param message CompleteResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.CompleteResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CompleteResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.CompleteResponse & signalbox.inference.v1.CompleteResponse.$Shape} CompleteResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.CompleteResponse & signalbox.inference.v1.CompleteResponse.$Shape;

                /**
                 * Creates a CompleteResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CompleteResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.CompleteResponse;

                /**
                 * Creates a plain object from a CompleteResponse message. Also converts values to other types if specified.
                 * @param message CompleteResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.CompleteResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CompleteResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CompleteResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CompleteResponse {

                /** Properties of a CompleteResponse. */
                interface $Properties {

                    /** CompleteResponse started */
                    started?: (signalbox.inference.v1.Started.$Properties|null);

                    /** CompleteResponse firstIndex */
                    firstIndex?: (number|null);

                    /** CompleteResponse tokenIds */
                    tokenIds?: (number[]|null);

                    /** CompleteResponse text */
                    text?: (string|null);

                    /** CompleteResponse logprobs */
                    logprobs?: (signalbox.inference.v1.TokenLogprobs.$Properties[]|null);

                    /** CompleteResponse finish */
                    finish?: (signalbox.inference.v1.FinishReason|null);

                    /** CompleteResponse stoppedBy */
                    stoppedBy?: (string|null);

                    /** CompleteResponse usage */
                    usage?: (signalbox.inference.v1.CompletionUsage.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CompleteResponse. */
                type $Shape = signalbox.inference.v1.CompleteResponse.$Properties;
            }

            /**
             * Properties of a Started.
             * @deprecated Use signalbox.inference.v1.Started.$Properties instead.
             */
            interface IStarted extends signalbox.inference.v1.Started.$Properties {
            }

            /** Represents a Started. */
            class Started {

                /**
                 * Constructs a new Started.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Started.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Started id. */
                id: string;

                /** Started seed. */
                seed: number;

                /** Started promptTokens. */
                promptTokens: number;

                /**
                 * Creates a new Started instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Started instance
                 */
                static create(properties: signalbox.inference.v1.Started.$Shape): signalbox.inference.v1.Started & signalbox.inference.v1.Started.$Shape;
                static create(properties?: signalbox.inference.v1.Started.$Properties): signalbox.inference.v1.Started;

                /**
                 * Encodes the specified Started message. Does not implicitly {@link signalbox.inference.v1.Started.verify|verify} messages.
                 * @param message Started message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Started.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Started message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Started & signalbox.inference.v1.Started.$Shape} Started
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Started & signalbox.inference.v1.Started.$Shape;

                /**
                 * Creates a Started message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Started
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Started;

                /**
                 * Creates a plain object from a Started message. Also converts values to other types if specified.
                 * @param message Started
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Started, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Started to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Started
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Started {

                /** Properties of a Started. */
                interface $Properties {

                    /** Started id */
                    id?: (string|null);

                    /** Started seed */
                    seed?: (number|null);

                    /** Started promptTokens */
                    promptTokens?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Started. */
                type $Shape = signalbox.inference.v1.Started.$Properties;
            }

            /**
             * Properties of a CompletionUsage.
             * @deprecated Use signalbox.inference.v1.CompletionUsage.$Properties instead.
             */
            interface ICompletionUsage extends signalbox.inference.v1.CompletionUsage.$Properties {
            }

            /** Represents a CompletionUsage. */
            class CompletionUsage {

                /**
                 * Constructs a new CompletionUsage.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.CompletionUsage.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CompletionUsage promptTokens. */
                promptTokens: number;

                /** CompletionUsage cachedTokens. */
                cachedTokens: number;

                /** CompletionUsage completionTokens. */
                completionTokens: number;

                /**
                 * Creates a new CompletionUsage instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CompletionUsage instance
                 */
                static create(properties: signalbox.inference.v1.CompletionUsage.$Shape): signalbox.inference.v1.CompletionUsage & signalbox.inference.v1.CompletionUsage.$Shape;
                static create(properties?: signalbox.inference.v1.CompletionUsage.$Properties): signalbox.inference.v1.CompletionUsage;

                /**
                 * Encodes the specified CompletionUsage message. Does not implicitly {@link signalbox.inference.v1.CompletionUsage.verify|verify} messages.
                 * @param message CompletionUsage message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.CompletionUsage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CompletionUsage message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.CompletionUsage & signalbox.inference.v1.CompletionUsage.$Shape} CompletionUsage
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.CompletionUsage & signalbox.inference.v1.CompletionUsage.$Shape;

                /**
                 * Creates a CompletionUsage message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns CompletionUsage
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.CompletionUsage;

                /**
                 * Creates a plain object from a CompletionUsage message. Also converts values to other types if specified.
                 * @param message CompletionUsage
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.CompletionUsage, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this CompletionUsage to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for CompletionUsage
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CompletionUsage {

                /** Properties of a CompletionUsage. */
                interface $Properties {

                    /** CompletionUsage promptTokens */
                    promptTokens?: (number|null);

                    /** CompletionUsage cachedTokens */
                    cachedTokens?: (number|null);

                    /** CompletionUsage completionTokens */
                    completionTokens?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CompletionUsage. */
                type $Shape = signalbox.inference.v1.CompletionUsage.$Properties;
            }

            /**
             * Properties of a ListModelsRequest.
             * @deprecated Use signalbox.inference.v1.ListModelsRequest.$Properties instead.
             */
            interface IListModelsRequest extends signalbox.inference.v1.ListModelsRequest.$Properties {
            }

            /** Represents a ListModelsRequest. */
            class ListModelsRequest {

                /**
                 * Constructs a new ListModelsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.ListModelsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new ListModelsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListModelsRequest instance
                 */
                static create(properties: signalbox.inference.v1.ListModelsRequest.$Shape): signalbox.inference.v1.ListModelsRequest & signalbox.inference.v1.ListModelsRequest.$Shape;
                static create(properties?: signalbox.inference.v1.ListModelsRequest.$Properties): signalbox.inference.v1.ListModelsRequest;

                /**
                 * Encodes the specified ListModelsRequest message. Does not implicitly {@link signalbox.inference.v1.ListModelsRequest.verify|verify} messages.
                 * @param message ListModelsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.ListModelsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListModelsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.ListModelsRequest & signalbox.inference.v1.ListModelsRequest.$Shape} ListModelsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.ListModelsRequest & signalbox.inference.v1.ListModelsRequest.$Shape;

                /**
                 * Creates a ListModelsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListModelsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.ListModelsRequest;

                /**
                 * Creates a plain object from a ListModelsRequest message. Also converts values to other types if specified.
                 * @param message ListModelsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.ListModelsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListModelsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListModelsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListModelsRequest {

                /** Properties of a ListModelsRequest. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListModelsRequest. */
                type $Shape = signalbox.inference.v1.ListModelsRequest.$Properties;
            }

            /**
             * Properties of a ListModelsResponse.
             * @deprecated Use signalbox.inference.v1.ListModelsResponse.$Properties instead.
             */
            interface IListModelsResponse extends signalbox.inference.v1.ListModelsResponse.$Properties {
            }

            /** Represents a ListModelsResponse. */
            class ListModelsResponse {

                /**
                 * Constructs a new ListModelsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.ListModelsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ListModelsResponse models. */
                models: signalbox.inference.v1.ServedModel.$Properties[];

                /**
                 * Creates a new ListModelsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ListModelsResponse instance
                 */
                static create(properties: signalbox.inference.v1.ListModelsResponse.$Shape): signalbox.inference.v1.ListModelsResponse & signalbox.inference.v1.ListModelsResponse.$Shape;
                static create(properties?: signalbox.inference.v1.ListModelsResponse.$Properties): signalbox.inference.v1.ListModelsResponse;

                /**
                 * Encodes the specified ListModelsResponse message. Does not implicitly {@link signalbox.inference.v1.ListModelsResponse.verify|verify} messages.
                 * @param message ListModelsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.ListModelsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ListModelsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.ListModelsResponse & signalbox.inference.v1.ListModelsResponse.$Shape} ListModelsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.ListModelsResponse & signalbox.inference.v1.ListModelsResponse.$Shape;

                /**
                 * Creates a ListModelsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ListModelsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.ListModelsResponse;

                /**
                 * Creates a plain object from a ListModelsResponse message. Also converts values to other types if specified.
                 * @param message ListModelsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.ListModelsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ListModelsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ListModelsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ListModelsResponse {

                /** Properties of a ListModelsResponse. */
                interface $Properties {

                    /** ListModelsResponse models */
                    models?: (signalbox.inference.v1.ServedModel.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ListModelsResponse. */
                type $Shape = signalbox.inference.v1.ListModelsResponse.$Properties;
            }

            /**
             * Properties of a ServedModel.
             * @deprecated Use signalbox.inference.v1.ServedModel.$Properties instead.
             */
            interface IServedModel extends signalbox.inference.v1.ServedModel.$Properties {
            }

            /** Represents a ServedModel. */
            class ServedModel {

                /**
                 * Constructs a new ServedModel.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.ServedModel.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ServedModel name. */
                name: string;

                /** ServedModel contextMax. */
                contextMax: number;

                /** ServedModel vocab. */
                vocab: number;

                /** ServedModel eosIds. */
                eosIds: number[];

                /** ServedModel state. */
                state: signalbox.inference.v1.ServedModelState;

                /** ServedModel workers. */
                workers: number;

                /** ServedModel hasTokenizer. */
                hasTokenizer: boolean;

                /**
                 * Creates a new ServedModel instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ServedModel instance
                 */
                static create(properties: signalbox.inference.v1.ServedModel.$Shape): signalbox.inference.v1.ServedModel & signalbox.inference.v1.ServedModel.$Shape;
                static create(properties?: signalbox.inference.v1.ServedModel.$Properties): signalbox.inference.v1.ServedModel;

                /**
                 * Encodes the specified ServedModel message. Does not implicitly {@link signalbox.inference.v1.ServedModel.verify|verify} messages.
                 * @param message ServedModel message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.ServedModel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ServedModel message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.ServedModel & signalbox.inference.v1.ServedModel.$Shape} ServedModel
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.ServedModel & signalbox.inference.v1.ServedModel.$Shape;

                /**
                 * Creates a ServedModel message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns ServedModel
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.ServedModel;

                /**
                 * Creates a plain object from a ServedModel message. Also converts values to other types if specified.
                 * @param message ServedModel
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.ServedModel, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this ServedModel to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for ServedModel
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace ServedModel {

                /** Properties of a ServedModel. */
                interface $Properties {

                    /** ServedModel name */
                    name?: (string|null);

                    /** ServedModel contextMax */
                    contextMax?: (number|null);

                    /** ServedModel vocab */
                    vocab?: (number|null);

                    /** ServedModel eosIds */
                    eosIds?: (number[]|null);

                    /** ServedModel state */
                    state?: (signalbox.inference.v1.ServedModelState|null);

                    /** ServedModel workers */
                    workers?: (number|null);

                    /** ServedModel hasTokenizer */
                    hasTokenizer?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ServedModel. */
                type $Shape = signalbox.inference.v1.ServedModel.$Properties;
            }

            /** ServedModelState enum. */
            enum ServedModelState {

                /** SERVED_MODEL_STATE_UNSPECIFIED value */
                SERVED_MODEL_STATE_UNSPECIFIED = 0,

                /** SERVED_MODEL_STATE_LOADING value */
                SERVED_MODEL_STATE_LOADING = 1,

                /** SERVED_MODEL_STATE_READY value */
                SERVED_MODEL_STATE_READY = 2,

                /** SERVED_MODEL_STATE_DRAINING value */
                SERVED_MODEL_STATE_DRAINING = 3,

                /** SERVED_MODEL_STATE_ABSENT value */
                SERVED_MODEL_STATE_ABSENT = 4
            }

            /**
             * Properties of a TokenizeRequest.
             * @deprecated Use signalbox.inference.v1.TokenizeRequest.$Properties instead.
             */
            interface ITokenizeRequest extends signalbox.inference.v1.TokenizeRequest.$Properties {
            }

            /** Represents a TokenizeRequest. */
            class TokenizeRequest {

                /**
                 * Constructs a new TokenizeRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenizeRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenizeRequest model. */
                model: string;

                /** TokenizeRequest text. */
                text?: (string|null);

                /** TokenizeRequest chat. */
                chat?: (signalbox.inference.v1.Chat.$Properties|null);

                /** TokenizeRequest withoutSpecial. */
                withoutSpecial: boolean;

                /** TokenizeRequest input. */
                input?: ("text"|"chat");

                /**
                 * Creates a new TokenizeRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenizeRequest instance
                 */
                static create(properties: signalbox.inference.v1.TokenizeRequest.$Shape): signalbox.inference.v1.TokenizeRequest & signalbox.inference.v1.TokenizeRequest.$Shape;
                static create(properties?: signalbox.inference.v1.TokenizeRequest.$Properties): signalbox.inference.v1.TokenizeRequest;

                /**
                 * Encodes the specified TokenizeRequest message. Does not implicitly {@link signalbox.inference.v1.TokenizeRequest.verify|verify} messages.
                 * @param message TokenizeRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenizeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenizeRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenizeRequest & signalbox.inference.v1.TokenizeRequest.$Shape} TokenizeRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenizeRequest & signalbox.inference.v1.TokenizeRequest.$Shape;

                /**
                 * Creates a TokenizeRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenizeRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenizeRequest;

                /**
                 * Creates a plain object from a TokenizeRequest message. Also converts values to other types if specified.
                 * @param message TokenizeRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenizeRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenizeRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenizeRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenizeRequest {

                /** Properties of a TokenizeRequest. */
                interface $Properties {

                    /** TokenizeRequest model */
                    model?: (string|null);

                    /** TokenizeRequest text */
                    text?: (string|null);

                    /** TokenizeRequest chat */
                    chat?: (signalbox.inference.v1.Chat.$Properties|null);

                    /** TokenizeRequest withoutSpecial */
                    withoutSpecial?: (boolean|null);

                    /** TokenizeRequest input */
                    input?: ("text"|"chat");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a TokenizeRequest. */
                type $Shape = {
                  model?: string|null;
                  text?: string|null;
                  chat?: signalbox.inference.v1.Chat.$Shape|null;
                  withoutSpecial?: boolean|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ input?: undefined; text?: null; chat?: null }|{ input?: "text"; text: string; chat?: null }|{ input?: "chat"; text?: null; chat: signalbox.inference.v1.Chat.$Shape })
                );
            }

            /**
             * Properties of a TokenizeResponse.
             * @deprecated Use signalbox.inference.v1.TokenizeResponse.$Properties instead.
             */
            interface ITokenizeResponse extends signalbox.inference.v1.TokenizeResponse.$Properties {
            }

            /** Represents a TokenizeResponse. */
            class TokenizeResponse {

                /**
                 * Constructs a new TokenizeResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenizeResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenizeResponse ids. */
                ids: number[];

                /**
                 * Creates a new TokenizeResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenizeResponse instance
                 */
                static create(properties: signalbox.inference.v1.TokenizeResponse.$Shape): signalbox.inference.v1.TokenizeResponse & signalbox.inference.v1.TokenizeResponse.$Shape;
                static create(properties?: signalbox.inference.v1.TokenizeResponse.$Properties): signalbox.inference.v1.TokenizeResponse;

                /**
                 * Encodes the specified TokenizeResponse message. Does not implicitly {@link signalbox.inference.v1.TokenizeResponse.verify|verify} messages.
                 * @param message TokenizeResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenizeResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenizeResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenizeResponse & signalbox.inference.v1.TokenizeResponse.$Shape} TokenizeResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenizeResponse & signalbox.inference.v1.TokenizeResponse.$Shape;

                /**
                 * Creates a TokenizeResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenizeResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenizeResponse;

                /**
                 * Creates a plain object from a TokenizeResponse message. Also converts values to other types if specified.
                 * @param message TokenizeResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenizeResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenizeResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenizeResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenizeResponse {

                /** Properties of a TokenizeResponse. */
                interface $Properties {

                    /** TokenizeResponse ids */
                    ids?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenizeResponse. */
                type $Shape = signalbox.inference.v1.TokenizeResponse.$Properties;
            }

            /**
             * Properties of a DetokenizeRequest.
             * @deprecated Use signalbox.inference.v1.DetokenizeRequest.$Properties instead.
             */
            interface IDetokenizeRequest extends signalbox.inference.v1.DetokenizeRequest.$Properties {
            }

            /** Represents a DetokenizeRequest. */
            class DetokenizeRequest {

                /**
                 * Constructs a new DetokenizeRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.DetokenizeRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DetokenizeRequest model. */
                model: string;

                /** DetokenizeRequest ids. */
                ids: number[];

                /**
                 * Creates a new DetokenizeRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns DetokenizeRequest instance
                 */
                static create(properties: signalbox.inference.v1.DetokenizeRequest.$Shape): signalbox.inference.v1.DetokenizeRequest & signalbox.inference.v1.DetokenizeRequest.$Shape;
                static create(properties?: signalbox.inference.v1.DetokenizeRequest.$Properties): signalbox.inference.v1.DetokenizeRequest;

                /**
                 * Encodes the specified DetokenizeRequest message. Does not implicitly {@link signalbox.inference.v1.DetokenizeRequest.verify|verify} messages.
                 * @param message DetokenizeRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.DetokenizeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DetokenizeRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.DetokenizeRequest & signalbox.inference.v1.DetokenizeRequest.$Shape} DetokenizeRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.DetokenizeRequest & signalbox.inference.v1.DetokenizeRequest.$Shape;

                /**
                 * Creates a DetokenizeRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DetokenizeRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.DetokenizeRequest;

                /**
                 * Creates a plain object from a DetokenizeRequest message. Also converts values to other types if specified.
                 * @param message DetokenizeRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.DetokenizeRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DetokenizeRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for DetokenizeRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace DetokenizeRequest {

                /** Properties of a DetokenizeRequest. */
                interface $Properties {

                    /** DetokenizeRequest model */
                    model?: (string|null);

                    /** DetokenizeRequest ids */
                    ids?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DetokenizeRequest. */
                type $Shape = signalbox.inference.v1.DetokenizeRequest.$Properties;
            }

            /**
             * Properties of a DetokenizeResponse.
             * @deprecated Use signalbox.inference.v1.DetokenizeResponse.$Properties instead.
             */
            interface IDetokenizeResponse extends signalbox.inference.v1.DetokenizeResponse.$Properties {
            }

            /** Represents a DetokenizeResponse. */
            class DetokenizeResponse {

                /**
                 * Constructs a new DetokenizeResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.DetokenizeResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DetokenizeResponse text. */
                text: string;

                /**
                 * Creates a new DetokenizeResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns DetokenizeResponse instance
                 */
                static create(properties: signalbox.inference.v1.DetokenizeResponse.$Shape): signalbox.inference.v1.DetokenizeResponse & signalbox.inference.v1.DetokenizeResponse.$Shape;
                static create(properties?: signalbox.inference.v1.DetokenizeResponse.$Properties): signalbox.inference.v1.DetokenizeResponse;

                /**
                 * Encodes the specified DetokenizeResponse message. Does not implicitly {@link signalbox.inference.v1.DetokenizeResponse.verify|verify} messages.
                 * @param message DetokenizeResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.DetokenizeResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DetokenizeResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.DetokenizeResponse & signalbox.inference.v1.DetokenizeResponse.$Shape} DetokenizeResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.DetokenizeResponse & signalbox.inference.v1.DetokenizeResponse.$Shape;

                /**
                 * Creates a DetokenizeResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DetokenizeResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.DetokenizeResponse;

                /**
                 * Creates a plain object from a DetokenizeResponse message. Also converts values to other types if specified.
                 * @param message DetokenizeResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.DetokenizeResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DetokenizeResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for DetokenizeResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace DetokenizeResponse {

                /** Properties of a DetokenizeResponse. */
                interface $Properties {

                    /** DetokenizeResponse text */
                    text?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DetokenizeResponse. */
                type $Shape = signalbox.inference.v1.DetokenizeResponse.$Properties;
            }

            /**
             * Properties of a GenerateRequest.
             * @deprecated Use signalbox.inference.v1.GenerateRequest.$Properties instead.
             */
            interface IGenerateRequest extends signalbox.inference.v1.GenerateRequest.$Properties {
            }

            /** Represents a GenerateRequest. */
            class GenerateRequest {

                /**
                 * Constructs a new GenerateRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateRequest id. */
                id: string;

                /** GenerateRequest fence. */
                fence: number;

                /** GenerateRequest promptIds. */
                promptIds: number[];

                /** GenerateRequest resumeIds. */
                resumeIds: number[];

                /** GenerateRequest sampling. */
                sampling?: (signalbox.inference.v1.Sampling.$Properties|null);

                /** GenerateRequest cacheSalt. */
                cacheSalt: string;

                /** GenerateRequest priority. */
                priority: number;

                /** GenerateRequest dispatch. */
                dispatch: number;

                /**
                 * Creates a new GenerateRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateRequest instance
                 */
                static create(properties: signalbox.inference.v1.GenerateRequest.$Shape): signalbox.inference.v1.GenerateRequest & signalbox.inference.v1.GenerateRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateRequest.$Properties): signalbox.inference.v1.GenerateRequest;

                /**
                 * Encodes the specified GenerateRequest message. Does not implicitly {@link signalbox.inference.v1.GenerateRequest.verify|verify} messages.
                 * @param message GenerateRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateRequest & signalbox.inference.v1.GenerateRequest.$Shape} GenerateRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateRequest & signalbox.inference.v1.GenerateRequest.$Shape;

                /**
                 * Creates a GenerateRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateRequest;

                /**
                 * Creates a plain object from a GenerateRequest message. Also converts values to other types if specified.
                 * @param message GenerateRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateRequest {

                /** Properties of a GenerateRequest. */
                interface $Properties {

                    /** GenerateRequest id */
                    id?: (string|null);

                    /** GenerateRequest fence */
                    fence?: (number|null);

                    /** GenerateRequest promptIds */
                    promptIds?: (number[]|null);

                    /** GenerateRequest resumeIds */
                    resumeIds?: (number[]|null);

                    /** GenerateRequest sampling */
                    sampling?: (signalbox.inference.v1.Sampling.$Properties|null);

                    /** GenerateRequest cacheSalt */
                    cacheSalt?: (string|null);

                    /** GenerateRequest priority */
                    priority?: (number|null);

                    /** GenerateRequest dispatch */
                    dispatch?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GenerateRequest. */
                type $Shape = signalbox.inference.v1.GenerateRequest.$Properties;
            }

            /**
             * Properties of a Sampling.
             * @deprecated Use signalbox.inference.v1.Sampling.$Properties instead.
             */
            interface ISampling extends signalbox.inference.v1.Sampling.$Properties {
            }

            /** Represents a Sampling. */
            class Sampling {

                /**
                 * Constructs a new Sampling.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Sampling.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Sampling temperature. */
                temperature?: (number|null);

                /** Sampling topK. */
                topK?: (number|null);

                /** Sampling topP. */
                topP?: (number|null);

                /** Sampling minP. */
                minP?: (number|null);

                /** Sampling repetitionPenalty. */
                repetitionPenalty?: (number|null);

                /** Sampling presencePenalty. */
                presencePenalty?: (number|null);

                /** Sampling frequencyPenalty. */
                frequencyPenalty?: (number|null);

                /** Sampling logitBias. */
                logitBias: signalbox.inference.v1.LogitBias.$Properties[];

                /** Sampling stopIds. */
                stopIds: number[];

                /** Sampling ignoreEos. */
                ignoreEos: boolean;

                /** Sampling minTokens. */
                minTokens: number;

                /** Sampling maxTokens. */
                maxTokens: number;

                /** Sampling seed. */
                seed: number;

                /** Sampling logprobs. */
                logprobs?: (number|null);

                /**
                 * Creates a new Sampling instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Sampling instance
                 */
                static create(properties: signalbox.inference.v1.Sampling.$Shape): signalbox.inference.v1.Sampling & signalbox.inference.v1.Sampling.$Shape;
                static create(properties?: signalbox.inference.v1.Sampling.$Properties): signalbox.inference.v1.Sampling;

                /**
                 * Encodes the specified Sampling message. Does not implicitly {@link signalbox.inference.v1.Sampling.verify|verify} messages.
                 * @param message Sampling message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Sampling.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Sampling message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Sampling & signalbox.inference.v1.Sampling.$Shape} Sampling
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Sampling & signalbox.inference.v1.Sampling.$Shape;

                /**
                 * Creates a Sampling message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Sampling
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Sampling;

                /**
                 * Creates a plain object from a Sampling message. Also converts values to other types if specified.
                 * @param message Sampling
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Sampling, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Sampling to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Sampling
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Sampling {

                /** Properties of a Sampling. */
                interface $Properties {

                    /** Sampling temperature */
                    temperature?: (number|null);

                    /** Sampling topK */
                    topK?: (number|null);

                    /** Sampling topP */
                    topP?: (number|null);

                    /** Sampling minP */
                    minP?: (number|null);

                    /** Sampling repetitionPenalty */
                    repetitionPenalty?: (number|null);

                    /** Sampling presencePenalty */
                    presencePenalty?: (number|null);

                    /** Sampling frequencyPenalty */
                    frequencyPenalty?: (number|null);

                    /** Sampling logitBias */
                    logitBias?: (signalbox.inference.v1.LogitBias.$Properties[]|null);

                    /** Sampling stopIds */
                    stopIds?: (number[]|null);

                    /** Sampling ignoreEos */
                    ignoreEos?: (boolean|null);

                    /** Sampling minTokens */
                    minTokens?: (number|null);

                    /** Sampling maxTokens */
                    maxTokens?: (number|null);

                    /** Sampling seed */
                    seed?: (number|null);

                    /** Sampling logprobs */
                    logprobs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Sampling. */
                type $Shape = signalbox.inference.v1.Sampling.$Properties;
            }

            /**
             * Properties of a LogitBias.
             * @deprecated Use signalbox.inference.v1.LogitBias.$Properties instead.
             */
            interface ILogitBias extends signalbox.inference.v1.LogitBias.$Properties {
            }

            /** Represents a LogitBias. */
            class LogitBias {

                /**
                 * Constructs a new LogitBias.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.LogitBias.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** LogitBias tokenId. */
                tokenId: number;

                /** LogitBias bias. */
                bias: number;

                /**
                 * Creates a new LogitBias instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns LogitBias instance
                 */
                static create(properties: signalbox.inference.v1.LogitBias.$Shape): signalbox.inference.v1.LogitBias & signalbox.inference.v1.LogitBias.$Shape;
                static create(properties?: signalbox.inference.v1.LogitBias.$Properties): signalbox.inference.v1.LogitBias;

                /**
                 * Encodes the specified LogitBias message. Does not implicitly {@link signalbox.inference.v1.LogitBias.verify|verify} messages.
                 * @param message LogitBias message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.LogitBias.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a LogitBias message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.LogitBias & signalbox.inference.v1.LogitBias.$Shape} LogitBias
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.LogitBias & signalbox.inference.v1.LogitBias.$Shape;

                /**
                 * Creates a LogitBias message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns LogitBias
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.LogitBias;

                /**
                 * Creates a plain object from a LogitBias message. Also converts values to other types if specified.
                 * @param message LogitBias
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.LogitBias, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this LogitBias to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for LogitBias
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace LogitBias {

                /** Properties of a LogitBias. */
                interface $Properties {

                    /** LogitBias tokenId */
                    tokenId?: (number|null);

                    /** LogitBias bias */
                    bias?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a LogitBias. */
                type $Shape = signalbox.inference.v1.LogitBias.$Properties;
            }

            /**
             * Properties of a GenerateResponse.
             * @deprecated Use signalbox.inference.v1.GenerateResponse.$Properties instead.
             */
            interface IGenerateResponse extends signalbox.inference.v1.GenerateResponse.$Properties {
            }

            /** Represents a GenerateResponse. */
            class GenerateResponse {

                /**
                 * Constructs a new GenerateResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateResponse fence. */
                fence: number;

                /** GenerateResponse firstIndex. */
                firstIndex: number;

                /** GenerateResponse tokenIds. */
                tokenIds: number[];

                /** GenerateResponse logprobs. */
                logprobs: signalbox.inference.v1.TokenLogprobs.$Properties[];

                /** GenerateResponse cachedTokens. */
                cachedTokens?: (number|null);

                /** GenerateResponse finish. */
                finish: signalbox.inference.v1.FinishReason;

                /**
                 * Creates a new GenerateResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateResponse instance
                 */
                static create(properties: signalbox.inference.v1.GenerateResponse.$Shape): signalbox.inference.v1.GenerateResponse & signalbox.inference.v1.GenerateResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateResponse.$Properties): signalbox.inference.v1.GenerateResponse;

                /**
                 * Encodes the specified GenerateResponse message. Does not implicitly {@link signalbox.inference.v1.GenerateResponse.verify|verify} messages.
                 * @param message GenerateResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateResponse & signalbox.inference.v1.GenerateResponse.$Shape} GenerateResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateResponse & signalbox.inference.v1.GenerateResponse.$Shape;

                /**
                 * Creates a GenerateResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateResponse;

                /**
                 * Creates a plain object from a GenerateResponse message. Also converts values to other types if specified.
                 * @param message GenerateResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateResponse {

                /** Properties of a GenerateResponse. */
                interface $Properties {

                    /** GenerateResponse fence */
                    fence?: (number|null);

                    /** GenerateResponse firstIndex */
                    firstIndex?: (number|null);

                    /** GenerateResponse tokenIds */
                    tokenIds?: (number[]|null);

                    /** GenerateResponse logprobs */
                    logprobs?: (signalbox.inference.v1.TokenLogprobs.$Properties[]|null);

                    /** GenerateResponse cachedTokens */
                    cachedTokens?: (number|null);

                    /** GenerateResponse finish */
                    finish?: (signalbox.inference.v1.FinishReason|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GenerateResponse. */
                type $Shape = signalbox.inference.v1.GenerateResponse.$Properties;
            }

            /** FinishReason enum. */
            enum FinishReason {

                /** FINISH_REASON_UNSPECIFIED value */
                FINISH_REASON_UNSPECIFIED = 0,

                /** FINISH_REASON_STOP value */
                FINISH_REASON_STOP = 1,

                /** FINISH_REASON_LENGTH value */
                FINISH_REASON_LENGTH = 2,

                /** FINISH_REASON_ABORTED value */
                FINISH_REASON_ABORTED = 3
            }

            /**
             * Properties of a TokenLogprobs.
             * @deprecated Use signalbox.inference.v1.TokenLogprobs.$Properties instead.
             */
            interface ITokenLogprobs extends signalbox.inference.v1.TokenLogprobs.$Properties {
            }

            /** Represents a TokenLogprobs. */
            class TokenLogprobs {

                /**
                 * Constructs a new TokenLogprobs.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenLogprobs.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenLogprobs logprob. */
                logprob: number;

                /** TokenLogprobs alternatives. */
                alternatives: signalbox.inference.v1.TokenLogprob.$Properties[];

                /**
                 * Creates a new TokenLogprobs instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenLogprobs instance
                 */
                static create(properties: signalbox.inference.v1.TokenLogprobs.$Shape): signalbox.inference.v1.TokenLogprobs & signalbox.inference.v1.TokenLogprobs.$Shape;
                static create(properties?: signalbox.inference.v1.TokenLogprobs.$Properties): signalbox.inference.v1.TokenLogprobs;

                /**
                 * Encodes the specified TokenLogprobs message. Does not implicitly {@link signalbox.inference.v1.TokenLogprobs.verify|verify} messages.
                 * @param message TokenLogprobs message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenLogprobs.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenLogprobs message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenLogprobs & signalbox.inference.v1.TokenLogprobs.$Shape} TokenLogprobs
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenLogprobs & signalbox.inference.v1.TokenLogprobs.$Shape;

                /**
                 * Creates a TokenLogprobs message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenLogprobs
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenLogprobs;

                /**
                 * Creates a plain object from a TokenLogprobs message. Also converts values to other types if specified.
                 * @param message TokenLogprobs
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenLogprobs, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenLogprobs to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenLogprobs
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenLogprobs {

                /** Properties of a TokenLogprobs. */
                interface $Properties {

                    /** TokenLogprobs logprob */
                    logprob?: (number|null);

                    /** TokenLogprobs alternatives */
                    alternatives?: (signalbox.inference.v1.TokenLogprob.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenLogprobs. */
                type $Shape = signalbox.inference.v1.TokenLogprobs.$Properties;
            }

            /**
             * Properties of a TokenLogprob.
             * @deprecated Use signalbox.inference.v1.TokenLogprob.$Properties instead.
             */
            interface ITokenLogprob extends signalbox.inference.v1.TokenLogprob.$Properties {
            }

            /** Represents a TokenLogprob. */
            class TokenLogprob {

                /**
                 * Constructs a new TokenLogprob.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenLogprob.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenLogprob tokenId. */
                tokenId: number;

                /** TokenLogprob logprob. */
                logprob: number;

                /**
                 * Creates a new TokenLogprob instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenLogprob instance
                 */
                static create(properties: signalbox.inference.v1.TokenLogprob.$Shape): signalbox.inference.v1.TokenLogprob & signalbox.inference.v1.TokenLogprob.$Shape;
                static create(properties?: signalbox.inference.v1.TokenLogprob.$Properties): signalbox.inference.v1.TokenLogprob;

                /**
                 * Encodes the specified TokenLogprob message. Does not implicitly {@link signalbox.inference.v1.TokenLogprob.verify|verify} messages.
                 * @param message TokenLogprob message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenLogprob.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenLogprob message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenLogprob & signalbox.inference.v1.TokenLogprob.$Shape} TokenLogprob
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenLogprob & signalbox.inference.v1.TokenLogprob.$Shape;

                /**
                 * Creates a TokenLogprob message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenLogprob
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenLogprob;

                /**
                 * Creates a plain object from a TokenLogprob message. Also converts values to other types if specified.
                 * @param message TokenLogprob
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenLogprob, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenLogprob to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenLogprob
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenLogprob {

                /** Properties of a TokenLogprob. */
                interface $Properties {

                    /** TokenLogprob tokenId */
                    tokenId?: (number|null);

                    /** TokenLogprob logprob */
                    logprob?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenLogprob. */
                type $Shape = signalbox.inference.v1.TokenLogprob.$Properties;
            }

            /**
             * Properties of a GenerateMaskedRequest.
             * @deprecated Use signalbox.inference.v1.GenerateMaskedRequest.$Properties instead.
             */
            interface IGenerateMaskedRequest extends signalbox.inference.v1.GenerateMaskedRequest.$Properties {
            }

            /** Represents a GenerateMaskedRequest. */
            class GenerateMaskedRequest {

                /**
                 * Constructs a new GenerateMaskedRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateMaskedRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateMaskedRequest request. */
                request?: (signalbox.inference.v1.GenerateRequest.$Properties|null);

                /** GenerateMaskedRequest mask. */
                mask?: (signalbox.inference.v1.TokenMask.$Properties|null);

                /** GenerateMaskedRequest message. */
                message?: ("request"|"mask");

                /**
                 * Creates a new GenerateMaskedRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateMaskedRequest instance
                 */
                static create(properties: signalbox.inference.v1.GenerateMaskedRequest.$Shape): signalbox.inference.v1.GenerateMaskedRequest & signalbox.inference.v1.GenerateMaskedRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateMaskedRequest.$Properties): signalbox.inference.v1.GenerateMaskedRequest;

                /**
                 * Encodes the specified GenerateMaskedRequest message. Does not implicitly {@link signalbox.inference.v1.GenerateMaskedRequest.verify|verify} messages.
                 * @param message GenerateMaskedRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateMaskedRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateMaskedRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateMaskedRequest & signalbox.inference.v1.GenerateMaskedRequest.$Shape} GenerateMaskedRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateMaskedRequest & signalbox.inference.v1.GenerateMaskedRequest.$Shape;

                /**
                 * Creates a GenerateMaskedRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateMaskedRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateMaskedRequest;

                /**
                 * Creates a plain object from a GenerateMaskedRequest message. Also converts values to other types if specified.
                 * @param message GenerateMaskedRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateMaskedRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateMaskedRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateMaskedRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateMaskedRequest {

                /** Properties of a GenerateMaskedRequest. */
                interface $Properties {

                    /** GenerateMaskedRequest request */
                    request?: (signalbox.inference.v1.GenerateRequest.$Properties|null);

                    /** GenerateMaskedRequest mask */
                    mask?: (signalbox.inference.v1.TokenMask.$Properties|null);

                    /** GenerateMaskedRequest message */
                    message?: ("request"|"mask");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a GenerateMaskedRequest. */
                type $Shape = {
                  request?: signalbox.inference.v1.GenerateRequest.$Shape|null;
                  mask?: signalbox.inference.v1.TokenMask.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ message?: undefined; request?: null; mask?: null }|{ message?: "request"; request: signalbox.inference.v1.GenerateRequest.$Shape; mask?: null }|{ message?: "mask"; request?: null; mask: signalbox.inference.v1.TokenMask.$Shape })
                );
            }

            /**
             * Properties of a TokenMask.
             * @deprecated Use signalbox.inference.v1.TokenMask.$Properties instead.
             */
            interface ITokenMask extends signalbox.inference.v1.TokenMask.$Properties {
            }

            /** Represents a TokenMask. */
            class TokenMask {

                /**
                 * Constructs a new TokenMask.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.TokenMask.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenMask index. */
                index: number;

                /** TokenMask words. */
                words: Uint8Array;

                /**
                 * Creates a new TokenMask instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenMask instance
                 */
                static create(properties: signalbox.inference.v1.TokenMask.$Shape): signalbox.inference.v1.TokenMask & signalbox.inference.v1.TokenMask.$Shape;
                static create(properties?: signalbox.inference.v1.TokenMask.$Properties): signalbox.inference.v1.TokenMask;

                /**
                 * Encodes the specified TokenMask message. Does not implicitly {@link signalbox.inference.v1.TokenMask.verify|verify} messages.
                 * @param message TokenMask message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.TokenMask.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenMask message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.TokenMask & signalbox.inference.v1.TokenMask.$Shape} TokenMask
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.TokenMask & signalbox.inference.v1.TokenMask.$Shape;

                /**
                 * Creates a TokenMask message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns TokenMask
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.TokenMask;

                /**
                 * Creates a plain object from a TokenMask message. Also converts values to other types if specified.
                 * @param message TokenMask
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.TokenMask, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this TokenMask to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for TokenMask
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenMask {

                /** Properties of a TokenMask. */
                interface $Properties {

                    /** TokenMask index */
                    index?: (number|null);

                    /** TokenMask words */
                    words?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenMask. */
                type $Shape = signalbox.inference.v1.TokenMask.$Properties;
            }

            /**
             * Properties of a GenerateMaskedResponse.
             * @deprecated Use signalbox.inference.v1.GenerateMaskedResponse.$Properties instead.
             */
            interface IGenerateMaskedResponse extends signalbox.inference.v1.GenerateMaskedResponse.$Properties {
            }

            /** Represents a GenerateMaskedResponse. */
            class GenerateMaskedResponse {

                /**
                 * Constructs a new GenerateMaskedResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateMaskedResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateMaskedResponse response. */
                response?: (signalbox.inference.v1.GenerateResponse.$Properties|null);

                /**
                 * Creates a new GenerateMaskedResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateMaskedResponse instance
                 */
                static create(properties: signalbox.inference.v1.GenerateMaskedResponse.$Shape): signalbox.inference.v1.GenerateMaskedResponse & signalbox.inference.v1.GenerateMaskedResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateMaskedResponse.$Properties): signalbox.inference.v1.GenerateMaskedResponse;

                /**
                 * Encodes the specified GenerateMaskedResponse message. Does not implicitly {@link signalbox.inference.v1.GenerateMaskedResponse.verify|verify} messages.
                 * @param message GenerateMaskedResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateMaskedResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateMaskedResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateMaskedResponse & signalbox.inference.v1.GenerateMaskedResponse.$Shape} GenerateMaskedResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateMaskedResponse & signalbox.inference.v1.GenerateMaskedResponse.$Shape;

                /**
                 * Creates a GenerateMaskedResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateMaskedResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateMaskedResponse;

                /**
                 * Creates a plain object from a GenerateMaskedResponse message. Also converts values to other types if specified.
                 * @param message GenerateMaskedResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateMaskedResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateMaskedResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateMaskedResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateMaskedResponse {

                /** Properties of a GenerateMaskedResponse. */
                interface $Properties {

                    /** GenerateMaskedResponse response */
                    response?: (signalbox.inference.v1.GenerateResponse.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GenerateMaskedResponse. */
                type $Shape = signalbox.inference.v1.GenerateMaskedResponse.$Properties;
            }

            /**
             * Properties of a GenerateBatchedRequest.
             * @deprecated Use signalbox.inference.v1.GenerateBatchedRequest.$Properties instead.
             */
            interface IGenerateBatchedRequest extends signalbox.inference.v1.GenerateBatchedRequest.$Properties {
            }

            /** Represents a GenerateBatchedRequest. */
            class GenerateBatchedRequest {

                /**
                 * Constructs a new GenerateBatchedRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateBatchedRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateBatchedRequest begun. */
                begun: signalbox.inference.v1.BatchedCall.$Properties[];

                /** GenerateBatchedRequest cancelled. */
                cancelled: number[];

                /**
                 * Creates a new GenerateBatchedRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateBatchedRequest instance
                 */
                static create(properties: signalbox.inference.v1.GenerateBatchedRequest.$Shape): signalbox.inference.v1.GenerateBatchedRequest & signalbox.inference.v1.GenerateBatchedRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateBatchedRequest.$Properties): signalbox.inference.v1.GenerateBatchedRequest;

                /**
                 * Encodes the specified GenerateBatchedRequest message. Does not implicitly {@link signalbox.inference.v1.GenerateBatchedRequest.verify|verify} messages.
                 * @param message GenerateBatchedRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateBatchedRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateBatchedRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateBatchedRequest & signalbox.inference.v1.GenerateBatchedRequest.$Shape} GenerateBatchedRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateBatchedRequest & signalbox.inference.v1.GenerateBatchedRequest.$Shape;

                /**
                 * Creates a GenerateBatchedRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateBatchedRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateBatchedRequest;

                /**
                 * Creates a plain object from a GenerateBatchedRequest message. Also converts values to other types if specified.
                 * @param message GenerateBatchedRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateBatchedRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateBatchedRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateBatchedRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateBatchedRequest {

                /** Properties of a GenerateBatchedRequest. */
                interface $Properties {

                    /** GenerateBatchedRequest begun */
                    begun?: (signalbox.inference.v1.BatchedCall.$Properties[]|null);

                    /** GenerateBatchedRequest cancelled */
                    cancelled?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GenerateBatchedRequest. */
                type $Shape = signalbox.inference.v1.GenerateBatchedRequest.$Properties;
            }

            /**
             * Properties of a BatchedCall.
             * @deprecated Use signalbox.inference.v1.BatchedCall.$Properties instead.
             */
            interface IBatchedCall extends signalbox.inference.v1.BatchedCall.$Properties {
            }

            /** Represents a BatchedCall. */
            class BatchedCall {

                /**
                 * Constructs a new BatchedCall.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.BatchedCall.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** BatchedCall serial. */
                serial: number;

                /** BatchedCall request. */
                request?: (signalbox.inference.v1.GenerateRequest.$Properties|null);

                /**
                 * Creates a new BatchedCall instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns BatchedCall instance
                 */
                static create(properties: signalbox.inference.v1.BatchedCall.$Shape): signalbox.inference.v1.BatchedCall & signalbox.inference.v1.BatchedCall.$Shape;
                static create(properties?: signalbox.inference.v1.BatchedCall.$Properties): signalbox.inference.v1.BatchedCall;

                /**
                 * Encodes the specified BatchedCall message. Does not implicitly {@link signalbox.inference.v1.BatchedCall.verify|verify} messages.
                 * @param message BatchedCall message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.BatchedCall.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a BatchedCall message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.BatchedCall & signalbox.inference.v1.BatchedCall.$Shape} BatchedCall
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.BatchedCall & signalbox.inference.v1.BatchedCall.$Shape;

                /**
                 * Creates a BatchedCall message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns BatchedCall
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.BatchedCall;

                /**
                 * Creates a plain object from a BatchedCall message. Also converts values to other types if specified.
                 * @param message BatchedCall
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.BatchedCall, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this BatchedCall to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for BatchedCall
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace BatchedCall {

                /** Properties of a BatchedCall. */
                interface $Properties {

                    /** BatchedCall serial */
                    serial?: (number|null);

                    /** BatchedCall request */
                    request?: (signalbox.inference.v1.GenerateRequest.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a BatchedCall. */
                type $Shape = signalbox.inference.v1.BatchedCall.$Properties;
            }

            /**
             * Properties of a GenerateBatchedResponse.
             * @deprecated Use signalbox.inference.v1.GenerateBatchedResponse.$Properties instead.
             */
            interface IGenerateBatchedResponse extends signalbox.inference.v1.GenerateBatchedResponse.$Properties {
            }

            /** Represents a GenerateBatchedResponse. */
            class GenerateBatchedResponse {

                /**
                 * Constructs a new GenerateBatchedResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GenerateBatchedResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GenerateBatchedResponse responses. */
                responses: signalbox.inference.v1.BatchedResponse.$Properties[];

                /**
                 * Creates a new GenerateBatchedResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GenerateBatchedResponse instance
                 */
                static create(properties: signalbox.inference.v1.GenerateBatchedResponse.$Shape): signalbox.inference.v1.GenerateBatchedResponse & signalbox.inference.v1.GenerateBatchedResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GenerateBatchedResponse.$Properties): signalbox.inference.v1.GenerateBatchedResponse;

                /**
                 * Encodes the specified GenerateBatchedResponse message. Does not implicitly {@link signalbox.inference.v1.GenerateBatchedResponse.verify|verify} messages.
                 * @param message GenerateBatchedResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GenerateBatchedResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GenerateBatchedResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GenerateBatchedResponse & signalbox.inference.v1.GenerateBatchedResponse.$Shape} GenerateBatchedResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GenerateBatchedResponse & signalbox.inference.v1.GenerateBatchedResponse.$Shape;

                /**
                 * Creates a GenerateBatchedResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GenerateBatchedResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GenerateBatchedResponse;

                /**
                 * Creates a plain object from a GenerateBatchedResponse message. Also converts values to other types if specified.
                 * @param message GenerateBatchedResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GenerateBatchedResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GenerateBatchedResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GenerateBatchedResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GenerateBatchedResponse {

                /** Properties of a GenerateBatchedResponse. */
                interface $Properties {

                    /** GenerateBatchedResponse responses */
                    responses?: (signalbox.inference.v1.BatchedResponse.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GenerateBatchedResponse. */
                type $Shape = {
                  responses?: signalbox.inference.v1.BatchedResponse.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a BatchedResponse.
             * @deprecated Use signalbox.inference.v1.BatchedResponse.$Properties instead.
             */
            interface IBatchedResponse extends signalbox.inference.v1.BatchedResponse.$Properties {
            }

            /** Represents a BatchedResponse. */
            class BatchedResponse {

                /**
                 * Constructs a new BatchedResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.BatchedResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** BatchedResponse serial. */
                serial: number;

                /** BatchedResponse response. */
                response?: (signalbox.inference.v1.GenerateResponse.$Properties|null);

                /** BatchedResponse failure. */
                failure?: (signalbox.inference.v1.BatchedFailure.$Properties|null);

                /** BatchedResponse said. */
                said?: ("response"|"failure");

                /**
                 * Creates a new BatchedResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns BatchedResponse instance
                 */
                static create(properties: signalbox.inference.v1.BatchedResponse.$Shape): signalbox.inference.v1.BatchedResponse & signalbox.inference.v1.BatchedResponse.$Shape;
                static create(properties?: signalbox.inference.v1.BatchedResponse.$Properties): signalbox.inference.v1.BatchedResponse;

                /**
                 * Encodes the specified BatchedResponse message. Does not implicitly {@link signalbox.inference.v1.BatchedResponse.verify|verify} messages.
                 * @param message BatchedResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.BatchedResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a BatchedResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.BatchedResponse & signalbox.inference.v1.BatchedResponse.$Shape} BatchedResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.BatchedResponse & signalbox.inference.v1.BatchedResponse.$Shape;

                /**
                 * Creates a BatchedResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns BatchedResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.BatchedResponse;

                /**
                 * Creates a plain object from a BatchedResponse message. Also converts values to other types if specified.
                 * @param message BatchedResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.BatchedResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this BatchedResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for BatchedResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace BatchedResponse {

                /** Properties of a BatchedResponse. */
                interface $Properties {

                    /** BatchedResponse serial */
                    serial?: (number|null);

                    /** BatchedResponse response */
                    response?: (signalbox.inference.v1.GenerateResponse.$Properties|null);

                    /** BatchedResponse failure */
                    failure?: (signalbox.inference.v1.BatchedFailure.$Properties|null);

                    /** BatchedResponse said */
                    said?: ("response"|"failure");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a BatchedResponse. */
                type $Shape = {
                  serial?: number|null;
                  response?: signalbox.inference.v1.GenerateResponse.$Shape|null;
                  failure?: signalbox.inference.v1.BatchedFailure.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ said?: undefined; response?: null; failure?: null }|{ said?: "response"; response: signalbox.inference.v1.GenerateResponse.$Shape; failure?: null }|{ said?: "failure"; response?: null; failure: signalbox.inference.v1.BatchedFailure.$Shape })
                );
            }

            /**
             * Properties of a BatchedFailure.
             * @deprecated Use signalbox.inference.v1.BatchedFailure.$Properties instead.
             */
            interface IBatchedFailure extends signalbox.inference.v1.BatchedFailure.$Properties {
            }

            /** Represents a BatchedFailure. */
            class BatchedFailure {

                /**
                 * Constructs a new BatchedFailure.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.BatchedFailure.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** BatchedFailure code. */
                code: string;

                /** BatchedFailure message. */
                message: string;

                /** BatchedFailure hint. */
                hint: string;

                /** BatchedFailure retryAfterMs. */
                retryAfterMs?: (number|null);

                /**
                 * Creates a new BatchedFailure instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns BatchedFailure instance
                 */
                static create(properties: signalbox.inference.v1.BatchedFailure.$Shape): signalbox.inference.v1.BatchedFailure & signalbox.inference.v1.BatchedFailure.$Shape;
                static create(properties?: signalbox.inference.v1.BatchedFailure.$Properties): signalbox.inference.v1.BatchedFailure;

                /**
                 * Encodes the specified BatchedFailure message. Does not implicitly {@link signalbox.inference.v1.BatchedFailure.verify|verify} messages.
                 * @param message BatchedFailure message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.BatchedFailure.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a BatchedFailure message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.BatchedFailure & signalbox.inference.v1.BatchedFailure.$Shape} BatchedFailure
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.BatchedFailure & signalbox.inference.v1.BatchedFailure.$Shape;

                /**
                 * Creates a BatchedFailure message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns BatchedFailure
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.BatchedFailure;

                /**
                 * Creates a plain object from a BatchedFailure message. Also converts values to other types if specified.
                 * @param message BatchedFailure
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.BatchedFailure, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this BatchedFailure to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for BatchedFailure
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace BatchedFailure {

                /** Properties of a BatchedFailure. */
                interface $Properties {

                    /** BatchedFailure code */
                    code?: (string|null);

                    /** BatchedFailure message */
                    message?: (string|null);

                    /** BatchedFailure hint */
                    hint?: (string|null);

                    /** BatchedFailure retryAfterMs */
                    retryAfterMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a BatchedFailure. */
                type $Shape = signalbox.inference.v1.BatchedFailure.$Properties;
            }

            /**
             * Properties of an AbortRequest.
             * @deprecated Use signalbox.inference.v1.AbortRequest.$Properties instead.
             */
            interface IAbortRequest extends signalbox.inference.v1.AbortRequest.$Properties {
            }

            /** Represents an AbortRequest. */
            class AbortRequest {

                /**
                 * Constructs a new AbortRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.AbortRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AbortRequest ids. */
                ids: string[];

                /**
                 * Creates a new AbortRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AbortRequest instance
                 */
                static create(properties: signalbox.inference.v1.AbortRequest.$Shape): signalbox.inference.v1.AbortRequest & signalbox.inference.v1.AbortRequest.$Shape;
                static create(properties?: signalbox.inference.v1.AbortRequest.$Properties): signalbox.inference.v1.AbortRequest;

                /**
                 * Encodes the specified AbortRequest message. Does not implicitly {@link signalbox.inference.v1.AbortRequest.verify|verify} messages.
                 * @param message AbortRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.AbortRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AbortRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.AbortRequest & signalbox.inference.v1.AbortRequest.$Shape} AbortRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.AbortRequest & signalbox.inference.v1.AbortRequest.$Shape;

                /**
                 * Creates an AbortRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AbortRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.AbortRequest;

                /**
                 * Creates a plain object from an AbortRequest message. Also converts values to other types if specified.
                 * @param message AbortRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.AbortRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AbortRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AbortRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AbortRequest {

                /** Properties of an AbortRequest. */
                interface $Properties {

                    /** AbortRequest ids */
                    ids?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AbortRequest. */
                type $Shape = signalbox.inference.v1.AbortRequest.$Properties;
            }

            /**
             * Properties of an AbortResponse.
             * @deprecated Use signalbox.inference.v1.AbortResponse.$Properties instead.
             */
            interface IAbortResponse extends signalbox.inference.v1.AbortResponse.$Properties {
            }

            /** Represents an AbortResponse. */
            class AbortResponse {

                /**
                 * Constructs a new AbortResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.AbortResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** AbortResponse aborted. */
                aborted: number;

                /**
                 * Creates a new AbortResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns AbortResponse instance
                 */
                static create(properties: signalbox.inference.v1.AbortResponse.$Shape): signalbox.inference.v1.AbortResponse & signalbox.inference.v1.AbortResponse.$Shape;
                static create(properties?: signalbox.inference.v1.AbortResponse.$Properties): signalbox.inference.v1.AbortResponse;

                /**
                 * Encodes the specified AbortResponse message. Does not implicitly {@link signalbox.inference.v1.AbortResponse.verify|verify} messages.
                 * @param message AbortResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.AbortResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an AbortResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.AbortResponse & signalbox.inference.v1.AbortResponse.$Shape} AbortResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.AbortResponse & signalbox.inference.v1.AbortResponse.$Shape;

                /**
                 * Creates an AbortResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns AbortResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.AbortResponse;

                /**
                 * Creates a plain object from an AbortResponse message. Also converts values to other types if specified.
                 * @param message AbortResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.AbortResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this AbortResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for AbortResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace AbortResponse {

                /** Properties of an AbortResponse. */
                interface $Properties {

                    /** AbortResponse aborted */
                    aborted?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an AbortResponse. */
                type $Shape = signalbox.inference.v1.AbortResponse.$Properties;
            }

            /**
             * Properties of a GetModelRequest.
             * @deprecated Use signalbox.inference.v1.GetModelRequest.$Properties instead.
             */
            interface IGetModelRequest extends signalbox.inference.v1.GetModelRequest.$Properties {
            }

            /** Represents a GetModelRequest. */
            class GetModelRequest {

                /**
                 * Constructs a new GetModelRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetModelRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new GetModelRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetModelRequest instance
                 */
                static create(properties: signalbox.inference.v1.GetModelRequest.$Shape): signalbox.inference.v1.GetModelRequest & signalbox.inference.v1.GetModelRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GetModelRequest.$Properties): signalbox.inference.v1.GetModelRequest;

                /**
                 * Encodes the specified GetModelRequest message. Does not implicitly {@link signalbox.inference.v1.GetModelRequest.verify|verify} messages.
                 * @param message GetModelRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetModelRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetModelRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetModelRequest & signalbox.inference.v1.GetModelRequest.$Shape} GetModelRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetModelRequest & signalbox.inference.v1.GetModelRequest.$Shape;

                /**
                 * Creates a GetModelRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetModelRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetModelRequest;

                /**
                 * Creates a plain object from a GetModelRequest message. Also converts values to other types if specified.
                 * @param message GetModelRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetModelRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetModelRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetModelRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetModelRequest {

                /** Properties of a GetModelRequest. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetModelRequest. */
                type $Shape = signalbox.inference.v1.GetModelRequest.$Properties;
            }

            /**
             * Properties of a GetModelResponse.
             * @deprecated Use signalbox.inference.v1.GetModelResponse.$Properties instead.
             */
            interface IGetModelResponse extends signalbox.inference.v1.GetModelResponse.$Properties {
            }

            /** Represents a GetModelResponse. */
            class GetModelResponse {

                /**
                 * Constructs a new GetModelResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetModelResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetModelResponse model. */
                model?: (signalbox.inference.v1.Model.$Properties|null);

                /**
                 * Creates a new GetModelResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetModelResponse instance
                 */
                static create(properties: signalbox.inference.v1.GetModelResponse.$Shape): signalbox.inference.v1.GetModelResponse & signalbox.inference.v1.GetModelResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GetModelResponse.$Properties): signalbox.inference.v1.GetModelResponse;

                /**
                 * Encodes the specified GetModelResponse message. Does not implicitly {@link signalbox.inference.v1.GetModelResponse.verify|verify} messages.
                 * @param message GetModelResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetModelResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetModelResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetModelResponse & signalbox.inference.v1.GetModelResponse.$Shape} GetModelResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetModelResponse & signalbox.inference.v1.GetModelResponse.$Shape;

                /**
                 * Creates a GetModelResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetModelResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetModelResponse;

                /**
                 * Creates a plain object from a GetModelResponse message. Also converts values to other types if specified.
                 * @param message GetModelResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetModelResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetModelResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetModelResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetModelResponse {

                /** Properties of a GetModelResponse. */
                interface $Properties {

                    /** GetModelResponse model */
                    model?: (signalbox.inference.v1.Model.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetModelResponse. */
                type $Shape = signalbox.inference.v1.GetModelResponse.$Properties;
            }

            /**
             * Properties of a Model.
             * @deprecated Use signalbox.inference.v1.Model.$Properties instead.
             */
            interface IModel extends signalbox.inference.v1.Model.$Properties {
            }

            /** Represents a Model. */
            class Model {

                /**
                 * Constructs a new Model.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Model.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Model name. */
                name: string;

                /** Model family. */
                family: string;

                /** Model parameters. */
                parameters: number;

                /** Model vocab. */
                vocab: number;

                /** Model contextMax. */
                contextMax: number;

                /** Model eosIds. */
                eosIds: number[];

                /** Model bosId. */
                bosId?: (number|null);

                /** Model numericsClass. */
                numericsClass?: (signalbox.inference.v1.NumericsClass.$Properties|null);

                /** Model tokenizerSha256. */
                tokenizerSha256: string;

                /** Model capabilities. */
                capabilities?: (signalbox.inference.v1.Capabilities.$Properties|null);

                /** Model blocks. */
                blocks: number;

                /** Model blockTokens. */
                blockTokens: number;

                /** Model sequencesMax. */
                sequencesMax: number;

                /** Model weightsFingerprint. */
                weightsFingerprint: string;

                /** Model temperature. */
                temperature?: (number|null);

                /** Model topK. */
                topK?: (number|null);

                /** Model topP. */
                topP?: (number|null);

                /**
                 * Creates a new Model instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Model instance
                 */
                static create(properties: signalbox.inference.v1.Model.$Shape): signalbox.inference.v1.Model & signalbox.inference.v1.Model.$Shape;
                static create(properties?: signalbox.inference.v1.Model.$Properties): signalbox.inference.v1.Model;

                /**
                 * Encodes the specified Model message. Does not implicitly {@link signalbox.inference.v1.Model.verify|verify} messages.
                 * @param message Model message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Model.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Model message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Model & signalbox.inference.v1.Model.$Shape} Model
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Model & signalbox.inference.v1.Model.$Shape;

                /**
                 * Creates a Model message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Model
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Model;

                /**
                 * Creates a plain object from a Model message. Also converts values to other types if specified.
                 * @param message Model
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Model, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Model to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Model
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Model {

                /** Properties of a Model. */
                interface $Properties {

                    /** Model name */
                    name?: (string|null);

                    /** Model family */
                    family?: (string|null);

                    /** Model parameters */
                    parameters?: (number|null);

                    /** Model vocab */
                    vocab?: (number|null);

                    /** Model contextMax */
                    contextMax?: (number|null);

                    /** Model eosIds */
                    eosIds?: (number[]|null);

                    /** Model bosId */
                    bosId?: (number|null);

                    /** Model numericsClass */
                    numericsClass?: (signalbox.inference.v1.NumericsClass.$Properties|null);

                    /** Model tokenizerSha256 */
                    tokenizerSha256?: (string|null);

                    /** Model capabilities */
                    capabilities?: (signalbox.inference.v1.Capabilities.$Properties|null);

                    /** Model blocks */
                    blocks?: (number|null);

                    /** Model blockTokens */
                    blockTokens?: (number|null);

                    /** Model sequencesMax */
                    sequencesMax?: (number|null);

                    /** Model weightsFingerprint */
                    weightsFingerprint?: (string|null);

                    /** Model temperature */
                    temperature?: (number|null);

                    /** Model topK */
                    topK?: (number|null);

                    /** Model topP */
                    topP?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Model. */
                type $Shape = signalbox.inference.v1.Model.$Properties;
            }

            /**
             * Properties of a NumericsClass.
             * @deprecated Use signalbox.inference.v1.NumericsClass.$Properties instead.
             */
            interface INumericsClass extends signalbox.inference.v1.NumericsClass.$Properties {
            }

            /** Represents a NumericsClass. */
            class NumericsClass {

                /**
                 * Constructs a new NumericsClass.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.NumericsClass.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** NumericsClass numerics. */
                numerics: string;

                /** NumericsClass isa. */
                isa: string;

                /** NumericsClass weights. */
                weights: string;

                /** NumericsClass cache. */
                cache: string;

                /** NumericsClass backEnd. */
                backEnd: string;

                /** NumericsClass build. */
                build: string;

                /**
                 * Creates a new NumericsClass instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns NumericsClass instance
                 */
                static create(properties: signalbox.inference.v1.NumericsClass.$Shape): signalbox.inference.v1.NumericsClass & signalbox.inference.v1.NumericsClass.$Shape;
                static create(properties?: signalbox.inference.v1.NumericsClass.$Properties): signalbox.inference.v1.NumericsClass;

                /**
                 * Encodes the specified NumericsClass message. Does not implicitly {@link signalbox.inference.v1.NumericsClass.verify|verify} messages.
                 * @param message NumericsClass message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.NumericsClass.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a NumericsClass message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.NumericsClass & signalbox.inference.v1.NumericsClass.$Shape} NumericsClass
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.NumericsClass & signalbox.inference.v1.NumericsClass.$Shape;

                /**
                 * Creates a NumericsClass message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns NumericsClass
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.NumericsClass;

                /**
                 * Creates a plain object from a NumericsClass message. Also converts values to other types if specified.
                 * @param message NumericsClass
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.NumericsClass, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this NumericsClass to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for NumericsClass
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace NumericsClass {

                /** Properties of a NumericsClass. */
                interface $Properties {

                    /** NumericsClass numerics */
                    numerics?: (string|null);

                    /** NumericsClass isa */
                    isa?: (string|null);

                    /** NumericsClass weights */
                    weights?: (string|null);

                    /** NumericsClass cache */
                    cache?: (string|null);

                    /** NumericsClass backEnd */
                    backEnd?: (string|null);

                    /** NumericsClass build */
                    build?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a NumericsClass. */
                type $Shape = signalbox.inference.v1.NumericsClass.$Properties;
            }

            /**
             * Properties of a Capabilities.
             * @deprecated Use signalbox.inference.v1.Capabilities.$Properties instead.
             */
            interface ICapabilities extends signalbox.inference.v1.Capabilities.$Properties {
            }

            /** Represents a Capabilities. */
            class Capabilities {

                /**
                 * Constructs a new Capabilities.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Capabilities.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Capabilities resume. */
                resume: boolean;

                /** Capabilities masks. */
                masks: boolean;

                /** Capabilities logprobs. */
                logprobs: boolean;

                /** Capabilities kvEvents. */
                kvEvents: boolean;

                /** Capabilities exactResume. */
                exactResume: boolean;

                /** Capabilities seeds. */
                seeds: boolean;

                /** Capabilities refuses. */
                refuses: string[];

                /** Capabilities batched. */
                batched: boolean;

                /**
                 * Creates a new Capabilities instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Capabilities instance
                 */
                static create(properties: signalbox.inference.v1.Capabilities.$Shape): signalbox.inference.v1.Capabilities & signalbox.inference.v1.Capabilities.$Shape;
                static create(properties?: signalbox.inference.v1.Capabilities.$Properties): signalbox.inference.v1.Capabilities;

                /**
                 * Encodes the specified Capabilities message. Does not implicitly {@link signalbox.inference.v1.Capabilities.verify|verify} messages.
                 * @param message Capabilities message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Capabilities.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Capabilities message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Capabilities & signalbox.inference.v1.Capabilities.$Shape} Capabilities
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Capabilities & signalbox.inference.v1.Capabilities.$Shape;

                /**
                 * Creates a Capabilities message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Capabilities
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Capabilities;

                /**
                 * Creates a plain object from a Capabilities message. Also converts values to other types if specified.
                 * @param message Capabilities
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Capabilities, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Capabilities to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Capabilities
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Capabilities {

                /** Properties of a Capabilities. */
                interface $Properties {

                    /** Capabilities resume */
                    resume?: (boolean|null);

                    /** Capabilities masks */
                    masks?: (boolean|null);

                    /** Capabilities logprobs */
                    logprobs?: (boolean|null);

                    /** Capabilities kvEvents */
                    kvEvents?: (boolean|null);

                    /** Capabilities exactResume */
                    exactResume?: (boolean|null);

                    /** Capabilities seeds */
                    seeds?: (boolean|null);

                    /** Capabilities refuses */
                    refuses?: (string[]|null);

                    /** Capabilities batched */
                    batched?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Capabilities. */
                type $Shape = signalbox.inference.v1.Capabilities.$Properties;
            }

            /**
             * Properties of a GetTokenizerRequest.
             * @deprecated Use signalbox.inference.v1.GetTokenizerRequest.$Properties instead.
             */
            interface IGetTokenizerRequest extends signalbox.inference.v1.GetTokenizerRequest.$Properties {
            }

            /** Represents a GetTokenizerRequest. */
            class GetTokenizerRequest {

                /**
                 * Constructs a new GetTokenizerRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetTokenizerRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new GetTokenizerRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetTokenizerRequest instance
                 */
                static create(properties: signalbox.inference.v1.GetTokenizerRequest.$Shape): signalbox.inference.v1.GetTokenizerRequest & signalbox.inference.v1.GetTokenizerRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GetTokenizerRequest.$Properties): signalbox.inference.v1.GetTokenizerRequest;

                /**
                 * Encodes the specified GetTokenizerRequest message. Does not implicitly {@link signalbox.inference.v1.GetTokenizerRequest.verify|verify} messages.
                 * @param message GetTokenizerRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetTokenizerRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetTokenizerRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetTokenizerRequest & signalbox.inference.v1.GetTokenizerRequest.$Shape} GetTokenizerRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetTokenizerRequest & signalbox.inference.v1.GetTokenizerRequest.$Shape;

                /**
                 * Creates a GetTokenizerRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetTokenizerRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetTokenizerRequest;

                /**
                 * Creates a plain object from a GetTokenizerRequest message. Also converts values to other types if specified.
                 * @param message GetTokenizerRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetTokenizerRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetTokenizerRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetTokenizerRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetTokenizerRequest {

                /** Properties of a GetTokenizerRequest. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetTokenizerRequest. */
                type $Shape = signalbox.inference.v1.GetTokenizerRequest.$Properties;
            }

            /**
             * Properties of a GetTokenizerResponse.
             * @deprecated Use signalbox.inference.v1.GetTokenizerResponse.$Properties instead.
             */
            interface IGetTokenizerResponse extends signalbox.inference.v1.GetTokenizerResponse.$Properties {
            }

            /** Represents a GetTokenizerResponse. */
            class GetTokenizerResponse {

                /**
                 * Constructs a new GetTokenizerResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetTokenizerResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetTokenizerResponse file. */
                file: string;

                /** GetTokenizerResponse data. */
                data: Uint8Array;

                /**
                 * Creates a new GetTokenizerResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetTokenizerResponse instance
                 */
                static create(properties: signalbox.inference.v1.GetTokenizerResponse.$Shape): signalbox.inference.v1.GetTokenizerResponse & signalbox.inference.v1.GetTokenizerResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GetTokenizerResponse.$Properties): signalbox.inference.v1.GetTokenizerResponse;

                /**
                 * Encodes the specified GetTokenizerResponse message. Does not implicitly {@link signalbox.inference.v1.GetTokenizerResponse.verify|verify} messages.
                 * @param message GetTokenizerResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetTokenizerResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetTokenizerResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetTokenizerResponse & signalbox.inference.v1.GetTokenizerResponse.$Shape} GetTokenizerResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetTokenizerResponse & signalbox.inference.v1.GetTokenizerResponse.$Shape;

                /**
                 * Creates a GetTokenizerResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetTokenizerResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetTokenizerResponse;

                /**
                 * Creates a plain object from a GetTokenizerResponse message. Also converts values to other types if specified.
                 * @param message GetTokenizerResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetTokenizerResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetTokenizerResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetTokenizerResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetTokenizerResponse {

                /** Properties of a GetTokenizerResponse. */
                interface $Properties {

                    /** GetTokenizerResponse file */
                    file?: (string|null);

                    /** GetTokenizerResponse data */
                    data?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetTokenizerResponse. */
                type $Shape = signalbox.inference.v1.GetTokenizerResponse.$Properties;
            }

            /**
             * Properties of a GetLoadRequest.
             * @deprecated Use signalbox.inference.v1.GetLoadRequest.$Properties instead.
             */
            interface IGetLoadRequest extends signalbox.inference.v1.GetLoadRequest.$Properties {
            }

            /** Represents a GetLoadRequest. */
            class GetLoadRequest {

                /**
                 * Constructs a new GetLoadRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetLoadRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new GetLoadRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetLoadRequest instance
                 */
                static create(properties: signalbox.inference.v1.GetLoadRequest.$Shape): signalbox.inference.v1.GetLoadRequest & signalbox.inference.v1.GetLoadRequest.$Shape;
                static create(properties?: signalbox.inference.v1.GetLoadRequest.$Properties): signalbox.inference.v1.GetLoadRequest;

                /**
                 * Encodes the specified GetLoadRequest message. Does not implicitly {@link signalbox.inference.v1.GetLoadRequest.verify|verify} messages.
                 * @param message GetLoadRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetLoadRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetLoadRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetLoadRequest & signalbox.inference.v1.GetLoadRequest.$Shape} GetLoadRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetLoadRequest & signalbox.inference.v1.GetLoadRequest.$Shape;

                /**
                 * Creates a GetLoadRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetLoadRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetLoadRequest;

                /**
                 * Creates a plain object from a GetLoadRequest message. Also converts values to other types if specified.
                 * @param message GetLoadRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetLoadRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetLoadRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetLoadRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetLoadRequest {

                /** Properties of a GetLoadRequest. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetLoadRequest. */
                type $Shape = signalbox.inference.v1.GetLoadRequest.$Properties;
            }

            /**
             * Properties of a GetLoadResponse.
             * @deprecated Use signalbox.inference.v1.GetLoadResponse.$Properties instead.
             */
            interface IGetLoadResponse extends signalbox.inference.v1.GetLoadResponse.$Properties {
            }

            /** Represents a GetLoadResponse. */
            class GetLoadResponse {

                /**
                 * Constructs a new GetLoadResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GetLoadResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GetLoadResponse progress. */
                progress?: (signalbox.inference.v1.Progress.$Properties|null);

                /**
                 * Creates a new GetLoadResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GetLoadResponse instance
                 */
                static create(properties: signalbox.inference.v1.GetLoadResponse.$Shape): signalbox.inference.v1.GetLoadResponse & signalbox.inference.v1.GetLoadResponse.$Shape;
                static create(properties?: signalbox.inference.v1.GetLoadResponse.$Properties): signalbox.inference.v1.GetLoadResponse;

                /**
                 * Encodes the specified GetLoadResponse message. Does not implicitly {@link signalbox.inference.v1.GetLoadResponse.verify|verify} messages.
                 * @param message GetLoadResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GetLoadResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GetLoadResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GetLoadResponse & signalbox.inference.v1.GetLoadResponse.$Shape} GetLoadResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GetLoadResponse & signalbox.inference.v1.GetLoadResponse.$Shape;

                /**
                 * Creates a GetLoadResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GetLoadResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GetLoadResponse;

                /**
                 * Creates a plain object from a GetLoadResponse message. Also converts values to other types if specified.
                 * @param message GetLoadResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GetLoadResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GetLoadResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GetLoadResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GetLoadResponse {

                /** Properties of a GetLoadResponse. */
                interface $Properties {

                    /** GetLoadResponse progress */
                    progress?: (signalbox.inference.v1.Progress.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GetLoadResponse. */
                type $Shape = signalbox.inference.v1.GetLoadResponse.$Properties;
            }

            /**
             * Properties of a Progress.
             * @deprecated Use signalbox.inference.v1.Progress.$Properties instead.
             */
            interface IProgress extends signalbox.inference.v1.Progress.$Properties {
            }

            /** Represents a Progress. */
            class Progress {

                /**
                 * Constructs a new Progress.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.Progress.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Progress sequence. */
                sequence: number;

                /** Progress seen. */
                seen: number;

                /** Progress engineStep. */
                engineStep: number;

                /** Progress tokensOut. */
                tokensOut: number;

                /** Progress lastStepMs. */
                lastStepMs: number;

                /** Progress running. */
                running: number;

                /** Progress waiting. */
                waiting: number;

                /** Progress promptTokensLeft. */
                promptTokensLeft: number;

                /** Progress blocksFree. */
                blocksFree: number;

                /** Progress blocks. */
                blocks: number;

                /** Progress state. */
                state: signalbox.inference.v1.WorkerState;

                /** Progress walltimeLeftS. */
                walltimeLeftS?: (number|null);

                /** Progress loopLagMs. */
                loopLagMs: number;

                /** Progress promptTokens. */
                promptTokens: number;

                /** Progress cachedTokens. */
                cachedTokens: number;

                /** Progress beat. */
                beat: number;

                /** Progress routers. */
                routers: signalbox.inference.v1.RouterSeen.$Properties[];

                /** Progress gpus. */
                gpus: signalbox.inference.v1.GpuHealth.$Properties[];

                /**
                 * Creates a new Progress instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Progress instance
                 */
                static create(properties: signalbox.inference.v1.Progress.$Shape): signalbox.inference.v1.Progress & signalbox.inference.v1.Progress.$Shape;
                static create(properties?: signalbox.inference.v1.Progress.$Properties): signalbox.inference.v1.Progress;

                /**
                 * Encodes the specified Progress message. Does not implicitly {@link signalbox.inference.v1.Progress.verify|verify} messages.
                 * @param message Progress message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.Progress.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Progress message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.Progress & signalbox.inference.v1.Progress.$Shape} Progress
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.Progress & signalbox.inference.v1.Progress.$Shape;

                /**
                 * Creates a Progress message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Progress
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.Progress;

                /**
                 * Creates a plain object from a Progress message. Also converts values to other types if specified.
                 * @param message Progress
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.Progress, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Progress to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for Progress
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Progress {

                /** Properties of a Progress. */
                interface $Properties {

                    /** Progress sequence */
                    sequence?: (number|null);

                    /** Progress seen */
                    seen?: (number|null);

                    /** Progress engineStep */
                    engineStep?: (number|null);

                    /** Progress tokensOut */
                    tokensOut?: (number|null);

                    /** Progress lastStepMs */
                    lastStepMs?: (number|null);

                    /** Progress running */
                    running?: (number|null);

                    /** Progress waiting */
                    waiting?: (number|null);

                    /** Progress promptTokensLeft */
                    promptTokensLeft?: (number|null);

                    /** Progress blocksFree */
                    blocksFree?: (number|null);

                    /** Progress blocks */
                    blocks?: (number|null);

                    /** Progress state */
                    state?: (signalbox.inference.v1.WorkerState|null);

                    /** Progress walltimeLeftS */
                    walltimeLeftS?: (number|null);

                    /** Progress loopLagMs */
                    loopLagMs?: (number|null);

                    /** Progress promptTokens */
                    promptTokens?: (number|null);

                    /** Progress cachedTokens */
                    cachedTokens?: (number|null);

                    /** Progress beat */
                    beat?: (number|null);

                    /** Progress routers */
                    routers?: (signalbox.inference.v1.RouterSeen.$Properties[]|null);

                    /** Progress gpus */
                    gpus?: (signalbox.inference.v1.GpuHealth.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Progress. */
                type $Shape = signalbox.inference.v1.Progress.$Properties;
            }

            /**
             * Properties of a GpuHealth.
             * @deprecated Use signalbox.inference.v1.GpuHealth.$Properties instead.
             */
            interface IGpuHealth extends signalbox.inference.v1.GpuHealth.$Properties {
            }

            /** Represents a GpuHealth. */
            class GpuHealth {

                /**
                 * Constructs a new GpuHealth.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.GpuHealth.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GpuHealth index. */
                index: number;

                /** GpuHealth uuid. */
                uuid: string;

                /** GpuHealth name. */
                name: string;

                /** GpuHealth pciBusId. */
                pciBusId: string;

                /** GpuHealth memoryTotalBytes. */
                memoryTotalBytes?: (number|null);

                /** GpuHealth memoryUsedBytes. */
                memoryUsedBytes?: (number|null);

                /** GpuHealth utilisationPercent. */
                utilisationPercent?: (number|null);

                /** GpuHealth temperatureCelsius. */
                temperatureCelsius?: (number|null);

                /** GpuHealth eccUncorrected. */
                eccUncorrected?: (number|null);

                /** GpuHealth lastXid. */
                lastXid?: (number|null);

                /** GpuHealth lastXidAgeS. */
                lastXidAgeS?: (number|null);

                /** GpuHealth fault. */
                fault: string;

                /** GpuHealth ageS. */
                ageS: number;

                /**
                 * Creates a new GpuHealth instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns GpuHealth instance
                 */
                static create(properties: signalbox.inference.v1.GpuHealth.$Shape): signalbox.inference.v1.GpuHealth & signalbox.inference.v1.GpuHealth.$Shape;
                static create(properties?: signalbox.inference.v1.GpuHealth.$Properties): signalbox.inference.v1.GpuHealth;

                /**
                 * Encodes the specified GpuHealth message. Does not implicitly {@link signalbox.inference.v1.GpuHealth.verify|verify} messages.
                 * @param message GpuHealth message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.GpuHealth.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GpuHealth message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.GpuHealth & signalbox.inference.v1.GpuHealth.$Shape} GpuHealth
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.GpuHealth & signalbox.inference.v1.GpuHealth.$Shape;

                /**
                 * Creates a GpuHealth message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns GpuHealth
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.GpuHealth;

                /**
                 * Creates a plain object from a GpuHealth message. Also converts values to other types if specified.
                 * @param message GpuHealth
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.GpuHealth, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this GpuHealth to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for GpuHealth
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace GpuHealth {

                /** Properties of a GpuHealth. */
                interface $Properties {

                    /** GpuHealth index */
                    index?: (number|null);

                    /** GpuHealth uuid */
                    uuid?: (string|null);

                    /** GpuHealth name */
                    name?: (string|null);

                    /** GpuHealth pciBusId */
                    pciBusId?: (string|null);

                    /** GpuHealth memoryTotalBytes */
                    memoryTotalBytes?: (number|null);

                    /** GpuHealth memoryUsedBytes */
                    memoryUsedBytes?: (number|null);

                    /** GpuHealth utilisationPercent */
                    utilisationPercent?: (number|null);

                    /** GpuHealth temperatureCelsius */
                    temperatureCelsius?: (number|null);

                    /** GpuHealth eccUncorrected */
                    eccUncorrected?: (number|null);

                    /** GpuHealth lastXid */
                    lastXid?: (number|null);

                    /** GpuHealth lastXidAgeS */
                    lastXidAgeS?: (number|null);

                    /** GpuHealth fault */
                    fault?: (string|null);

                    /** GpuHealth ageS */
                    ageS?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GpuHealth. */
                type $Shape = signalbox.inference.v1.GpuHealth.$Properties;
            }

            /**
             * Properties of a RouterSeen.
             * @deprecated Use signalbox.inference.v1.RouterSeen.$Properties instead.
             */
            interface IRouterSeen extends signalbox.inference.v1.RouterSeen.$Properties {
            }

            /** Represents a RouterSeen. */
            class RouterSeen {

                /**
                 * Constructs a new RouterSeen.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.RouterSeen.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RouterSeen router. */
                router: string;

                /** RouterSeen seen. */
                seen: number;

                /**
                 * Creates a new RouterSeen instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RouterSeen instance
                 */
                static create(properties: signalbox.inference.v1.RouterSeen.$Shape): signalbox.inference.v1.RouterSeen & signalbox.inference.v1.RouterSeen.$Shape;
                static create(properties?: signalbox.inference.v1.RouterSeen.$Properties): signalbox.inference.v1.RouterSeen;

                /**
                 * Encodes the specified RouterSeen message. Does not implicitly {@link signalbox.inference.v1.RouterSeen.verify|verify} messages.
                 * @param message RouterSeen message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.RouterSeen.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RouterSeen message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.RouterSeen & signalbox.inference.v1.RouterSeen.$Shape} RouterSeen
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.RouterSeen & signalbox.inference.v1.RouterSeen.$Shape;

                /**
                 * Creates a RouterSeen message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RouterSeen
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.RouterSeen;

                /**
                 * Creates a plain object from a RouterSeen message. Also converts values to other types if specified.
                 * @param message RouterSeen
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.RouterSeen, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RouterSeen to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RouterSeen
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RouterSeen {

                /** Properties of a RouterSeen. */
                interface $Properties {

                    /** RouterSeen router */
                    router?: (string|null);

                    /** RouterSeen seen */
                    seen?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RouterSeen. */
                type $Shape = signalbox.inference.v1.RouterSeen.$Properties;
            }

            /** WorkerState enum. */
            enum WorkerState {

                /** WORKER_STATE_UNSPECIFIED value */
                WORKER_STATE_UNSPECIFIED = 0,

                /** WORKER_STATE_READY value */
                WORKER_STATE_READY = 1,

                /** WORKER_STATE_DRAINING value */
                WORKER_STATE_DRAINING = 2,

                /** WORKER_STATE_FAILED value */
                WORKER_STATE_FAILED = 3,

                /** WORKER_STATE_SICK value */
                WORKER_STATE_SICK = 4
            }

            /**
             * Properties of a WatchKvEventsRequest.
             * @deprecated Use signalbox.inference.v1.WatchKvEventsRequest.$Properties instead.
             */
            interface IWatchKvEventsRequest extends signalbox.inference.v1.WatchKvEventsRequest.$Properties {
            }

            /** Represents a WatchKvEventsRequest. */
            class WatchKvEventsRequest {

                /**
                 * Constructs a new WatchKvEventsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.WatchKvEventsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WatchKvEventsRequest fromSequence. */
                fromSequence: number;

                /**
                 * Creates a new WatchKvEventsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WatchKvEventsRequest instance
                 */
                static create(properties: signalbox.inference.v1.WatchKvEventsRequest.$Shape): signalbox.inference.v1.WatchKvEventsRequest & signalbox.inference.v1.WatchKvEventsRequest.$Shape;
                static create(properties?: signalbox.inference.v1.WatchKvEventsRequest.$Properties): signalbox.inference.v1.WatchKvEventsRequest;

                /**
                 * Encodes the specified WatchKvEventsRequest message. Does not implicitly {@link signalbox.inference.v1.WatchKvEventsRequest.verify|verify} messages.
                 * @param message WatchKvEventsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.WatchKvEventsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WatchKvEventsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.WatchKvEventsRequest & signalbox.inference.v1.WatchKvEventsRequest.$Shape} WatchKvEventsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.WatchKvEventsRequest & signalbox.inference.v1.WatchKvEventsRequest.$Shape;

                /**
                 * Creates a WatchKvEventsRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WatchKvEventsRequest
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.WatchKvEventsRequest;

                /**
                 * Creates a plain object from a WatchKvEventsRequest message. Also converts values to other types if specified.
                 * @param message WatchKvEventsRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.WatchKvEventsRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WatchKvEventsRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WatchKvEventsRequest
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WatchKvEventsRequest {

                /** Properties of a WatchKvEventsRequest. */
                interface $Properties {

                    /** WatchKvEventsRequest fromSequence */
                    fromSequence?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WatchKvEventsRequest. */
                type $Shape = signalbox.inference.v1.WatchKvEventsRequest.$Properties;
            }

            /**
             * Properties of a WatchKvEventsResponse.
             * @deprecated Use signalbox.inference.v1.WatchKvEventsResponse.$Properties instead.
             */
            interface IWatchKvEventsResponse extends signalbox.inference.v1.WatchKvEventsResponse.$Properties {
            }

            /** Represents a WatchKvEventsResponse. */
            class WatchKvEventsResponse {

                /**
                 * Constructs a new WatchKvEventsResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.WatchKvEventsResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WatchKvEventsResponse events. */
                events: signalbox.inference.v1.KvEvent.$Properties[];

                /**
                 * Creates a new WatchKvEventsResponse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WatchKvEventsResponse instance
                 */
                static create(properties: signalbox.inference.v1.WatchKvEventsResponse.$Shape): signalbox.inference.v1.WatchKvEventsResponse & signalbox.inference.v1.WatchKvEventsResponse.$Shape;
                static create(properties?: signalbox.inference.v1.WatchKvEventsResponse.$Properties): signalbox.inference.v1.WatchKvEventsResponse;

                /**
                 * Encodes the specified WatchKvEventsResponse message. Does not implicitly {@link signalbox.inference.v1.WatchKvEventsResponse.verify|verify} messages.
                 * @param message WatchKvEventsResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.WatchKvEventsResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WatchKvEventsResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.WatchKvEventsResponse & signalbox.inference.v1.WatchKvEventsResponse.$Shape} WatchKvEventsResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.WatchKvEventsResponse & signalbox.inference.v1.WatchKvEventsResponse.$Shape;

                /**
                 * Creates a WatchKvEventsResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WatchKvEventsResponse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.WatchKvEventsResponse;

                /**
                 * Creates a plain object from a WatchKvEventsResponse message. Also converts values to other types if specified.
                 * @param message WatchKvEventsResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.WatchKvEventsResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WatchKvEventsResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WatchKvEventsResponse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WatchKvEventsResponse {

                /** Properties of a WatchKvEventsResponse. */
                interface $Properties {

                    /** WatchKvEventsResponse events */
                    events?: (signalbox.inference.v1.KvEvent.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WatchKvEventsResponse. */
                type $Shape = {
                  events?: signalbox.inference.v1.KvEvent.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a KvEvent.
             * @deprecated Use signalbox.inference.v1.KvEvent.$Properties instead.
             */
            interface IKvEvent extends signalbox.inference.v1.KvEvent.$Properties {
            }

            /** Represents a KvEvent. */
            class KvEvent {

                /**
                 * Constructs a new KvEvent.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KvEvent.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KvEvent sequence. */
                sequence: number;

                /** KvEvent stored. */
                stored?: (signalbox.inference.v1.KvStored.$Properties|null);

                /** KvEvent removed. */
                removed?: (signalbox.inference.v1.KvRemoved.$Properties|null);

                /** KvEvent cleared. */
                cleared?: (signalbox.inference.v1.KvCleared.$Properties|null);

                /** KvEvent event. */
                event?: ("stored"|"removed"|"cleared");

                /**
                 * Creates a new KvEvent instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KvEvent instance
                 */
                static create(properties: signalbox.inference.v1.KvEvent.$Shape): signalbox.inference.v1.KvEvent & signalbox.inference.v1.KvEvent.$Shape;
                static create(properties?: signalbox.inference.v1.KvEvent.$Properties): signalbox.inference.v1.KvEvent;

                /**
                 * Encodes the specified KvEvent message. Does not implicitly {@link signalbox.inference.v1.KvEvent.verify|verify} messages.
                 * @param message KvEvent message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KvEvent.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KvEvent message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KvEvent & signalbox.inference.v1.KvEvent.$Shape} KvEvent
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KvEvent & signalbox.inference.v1.KvEvent.$Shape;

                /**
                 * Creates a KvEvent message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KvEvent
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KvEvent;

                /**
                 * Creates a plain object from a KvEvent message. Also converts values to other types if specified.
                 * @param message KvEvent
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KvEvent, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KvEvent to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KvEvent
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KvEvent {

                /** Properties of a KvEvent. */
                interface $Properties {

                    /** KvEvent sequence */
                    sequence?: (number|null);

                    /** KvEvent stored */
                    stored?: (signalbox.inference.v1.KvStored.$Properties|null);

                    /** KvEvent removed */
                    removed?: (signalbox.inference.v1.KvRemoved.$Properties|null);

                    /** KvEvent cleared */
                    cleared?: (signalbox.inference.v1.KvCleared.$Properties|null);

                    /** KvEvent event */
                    event?: ("stored"|"removed"|"cleared");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a KvEvent. */
                type $Shape = {
                  sequence?: number|null;
                  stored?: signalbox.inference.v1.KvStored.$Shape|null;
                  removed?: signalbox.inference.v1.KvRemoved.$Shape|null;
                  cleared?: signalbox.inference.v1.KvCleared.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ event?: undefined; stored?: null; removed?: null; cleared?: null }|{ event?: "stored"; stored: signalbox.inference.v1.KvStored.$Shape; removed?: null; cleared?: null }|{ event?: "removed"; stored?: null; removed: signalbox.inference.v1.KvRemoved.$Shape; cleared?: null }|{ event?: "cleared"; stored?: null; removed?: null; cleared: signalbox.inference.v1.KvCleared.$Shape })
                );
            }

            /**
             * Properties of a KvStored.
             * @deprecated Use signalbox.inference.v1.KvStored.$Properties instead.
             */
            interface IKvStored extends signalbox.inference.v1.KvStored.$Properties {
            }

            /** Represents a KvStored. */
            class KvStored {

                /**
                 * Constructs a new KvStored.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KvStored.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KvStored hash. */
                hash: number;

                /** KvStored parent. */
                parent?: (number|null);

                /** KvStored tokenIds. */
                tokenIds: number[];

                /**
                 * Creates a new KvStored instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KvStored instance
                 */
                static create(properties: signalbox.inference.v1.KvStored.$Shape): signalbox.inference.v1.KvStored & signalbox.inference.v1.KvStored.$Shape;
                static create(properties?: signalbox.inference.v1.KvStored.$Properties): signalbox.inference.v1.KvStored;

                /**
                 * Encodes the specified KvStored message. Does not implicitly {@link signalbox.inference.v1.KvStored.verify|verify} messages.
                 * @param message KvStored message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KvStored.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KvStored message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KvStored & signalbox.inference.v1.KvStored.$Shape} KvStored
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KvStored & signalbox.inference.v1.KvStored.$Shape;

                /**
                 * Creates a KvStored message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KvStored
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KvStored;

                /**
                 * Creates a plain object from a KvStored message. Also converts values to other types if specified.
                 * @param message KvStored
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KvStored, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KvStored to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KvStored
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KvStored {

                /** Properties of a KvStored. */
                interface $Properties {

                    /** KvStored hash */
                    hash?: (number|null);

                    /** KvStored parent */
                    parent?: (number|null);

                    /** KvStored tokenIds */
                    tokenIds?: (number[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KvStored. */
                type $Shape = signalbox.inference.v1.KvStored.$Properties;
            }

            /**
             * Properties of a KvRemoved.
             * @deprecated Use signalbox.inference.v1.KvRemoved.$Properties instead.
             */
            interface IKvRemoved extends signalbox.inference.v1.KvRemoved.$Properties {
            }

            /** Represents a KvRemoved. */
            class KvRemoved {

                /**
                 * Constructs a new KvRemoved.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KvRemoved.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KvRemoved hash. */
                hash: number;

                /**
                 * Creates a new KvRemoved instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KvRemoved instance
                 */
                static create(properties: signalbox.inference.v1.KvRemoved.$Shape): signalbox.inference.v1.KvRemoved & signalbox.inference.v1.KvRemoved.$Shape;
                static create(properties?: signalbox.inference.v1.KvRemoved.$Properties): signalbox.inference.v1.KvRemoved;

                /**
                 * Encodes the specified KvRemoved message. Does not implicitly {@link signalbox.inference.v1.KvRemoved.verify|verify} messages.
                 * @param message KvRemoved message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KvRemoved.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KvRemoved message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KvRemoved & signalbox.inference.v1.KvRemoved.$Shape} KvRemoved
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KvRemoved & signalbox.inference.v1.KvRemoved.$Shape;

                /**
                 * Creates a KvRemoved message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KvRemoved
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KvRemoved;

                /**
                 * Creates a plain object from a KvRemoved message. Also converts values to other types if specified.
                 * @param message KvRemoved
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KvRemoved, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KvRemoved to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KvRemoved
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KvRemoved {

                /** Properties of a KvRemoved. */
                interface $Properties {

                    /** KvRemoved hash */
                    hash?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KvRemoved. */
                type $Shape = signalbox.inference.v1.KvRemoved.$Properties;
            }

            /**
             * Properties of a KvCleared.
             * @deprecated Use signalbox.inference.v1.KvCleared.$Properties instead.
             */
            interface IKvCleared extends signalbox.inference.v1.KvCleared.$Properties {
            }

            /** Represents a KvCleared. */
            class KvCleared {

                /**
                 * Constructs a new KvCleared.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KvCleared.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Creates a new KvCleared instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KvCleared instance
                 */
                static create(properties: signalbox.inference.v1.KvCleared.$Shape): signalbox.inference.v1.KvCleared & signalbox.inference.v1.KvCleared.$Shape;
                static create(properties?: signalbox.inference.v1.KvCleared.$Properties): signalbox.inference.v1.KvCleared;

                /**
                 * Encodes the specified KvCleared message. Does not implicitly {@link signalbox.inference.v1.KvCleared.verify|verify} messages.
                 * @param message KvCleared message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KvCleared.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KvCleared message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KvCleared & signalbox.inference.v1.KvCleared.$Shape} KvCleared
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KvCleared & signalbox.inference.v1.KvCleared.$Shape;

                /**
                 * Creates a KvCleared message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KvCleared
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KvCleared;

                /**
                 * Creates a plain object from a KvCleared message. Also converts values to other types if specified.
                 * @param message KvCleared
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KvCleared, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KvCleared to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KvCleared
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KvCleared {

                /** Properties of a KvCleared. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KvCleared. */
                type $Shape = signalbox.inference.v1.KvCleared.$Properties;
            }

            /**
             * Properties of a DialHello.
             * @deprecated Use signalbox.inference.v1.DialHello.$Properties instead.
             */
            interface IDialHello extends signalbox.inference.v1.DialHello.$Properties {
            }

            /** Represents a DialHello. */
            class DialHello {

                /**
                 * Constructs a new DialHello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.DialHello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DialHello worker. */
                worker: string;

                /** DialHello epoch. */
                epoch: string;

                /** DialHello role. */
                role: signalbox.inference.v1.LinkRole;

                /** DialHello proof. */
                proof: Uint8Array;

                /** DialHello link. */
                link: string;

                /**
                 * Creates a new DialHello instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns DialHello instance
                 */
                static create(properties: signalbox.inference.v1.DialHello.$Shape): signalbox.inference.v1.DialHello & signalbox.inference.v1.DialHello.$Shape;
                static create(properties?: signalbox.inference.v1.DialHello.$Properties): signalbox.inference.v1.DialHello;

                /**
                 * Encodes the specified DialHello message. Does not implicitly {@link signalbox.inference.v1.DialHello.verify|verify} messages.
                 * @param message DialHello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.DialHello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DialHello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.DialHello & signalbox.inference.v1.DialHello.$Shape} DialHello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.DialHello & signalbox.inference.v1.DialHello.$Shape;

                /**
                 * Creates a DialHello message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DialHello
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.DialHello;

                /**
                 * Creates a plain object from a DialHello message. Also converts values to other types if specified.
                 * @param message DialHello
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.DialHello, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DialHello to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for DialHello
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace DialHello {

                /** Properties of a DialHello. */
                interface $Properties {

                    /** DialHello worker */
                    worker?: (string|null);

                    /** DialHello epoch */
                    epoch?: (string|null);

                    /** DialHello role */
                    role?: (signalbox.inference.v1.LinkRole|null);

                    /** DialHello proof */
                    proof?: (Uint8Array|null);

                    /** DialHello link */
                    link?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DialHello. */
                type $Shape = signalbox.inference.v1.DialHello.$Properties;
            }

            /** LinkRole enum. */
            enum LinkRole {

                /** LINK_ROLE_UNSPECIFIED value */
                LINK_ROLE_UNSPECIFIED = 0,

                /** LINK_ROLE_SERVE value */
                LINK_ROLE_SERVE = 1,

                /** LINK_ROLE_PROGRESS value */
                LINK_ROLE_PROGRESS = 2
            }

            /**
             * Properties of a DialChallenge.
             * @deprecated Use signalbox.inference.v1.DialChallenge.$Properties instead.
             */
            interface IDialChallenge extends signalbox.inference.v1.DialChallenge.$Properties {
            }

            /** Represents a DialChallenge. */
            class DialChallenge {

                /**
                 * Constructs a new DialChallenge.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.DialChallenge.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DialChallenge router. */
                router: string;

                /** DialChallenge nonce. */
                nonce: Uint8Array;

                /**
                 * Creates a new DialChallenge instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns DialChallenge instance
                 */
                static create(properties: signalbox.inference.v1.DialChallenge.$Shape): signalbox.inference.v1.DialChallenge & signalbox.inference.v1.DialChallenge.$Shape;
                static create(properties?: signalbox.inference.v1.DialChallenge.$Properties): signalbox.inference.v1.DialChallenge;

                /**
                 * Encodes the specified DialChallenge message. Does not implicitly {@link signalbox.inference.v1.DialChallenge.verify|verify} messages.
                 * @param message DialChallenge message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.DialChallenge.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DialChallenge message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.DialChallenge & signalbox.inference.v1.DialChallenge.$Shape} DialChallenge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.DialChallenge & signalbox.inference.v1.DialChallenge.$Shape;

                /**
                 * Creates a DialChallenge message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DialChallenge
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.DialChallenge;

                /**
                 * Creates a plain object from a DialChallenge message. Also converts values to other types if specified.
                 * @param message DialChallenge
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.DialChallenge, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DialChallenge to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for DialChallenge
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace DialChallenge {

                /** Properties of a DialChallenge. */
                interface $Properties {

                    /** DialChallenge router */
                    router?: (string|null);

                    /** DialChallenge nonce */
                    nonce?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DialChallenge. */
                type $Shape = signalbox.inference.v1.DialChallenge.$Properties;
            }

            /**
             * Properties of a WorkerReport.
             * @deprecated Use signalbox.inference.v1.WorkerReport.$Properties instead.
             */
            interface IWorkerReport extends signalbox.inference.v1.WorkerReport.$Properties {
            }

            /** Represents a WorkerReport. */
            class WorkerReport {

                /**
                 * Constructs a new WorkerReport.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.WorkerReport.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WorkerReport worker. */
                worker: string;

                /** WorkerReport progress. */
                progress?: (signalbox.inference.v1.Progress.$Properties|null);

                /** WorkerReport build. */
                build: string;

                /**
                 * Creates a new WorkerReport instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WorkerReport instance
                 */
                static create(properties: signalbox.inference.v1.WorkerReport.$Shape): signalbox.inference.v1.WorkerReport & signalbox.inference.v1.WorkerReport.$Shape;
                static create(properties?: signalbox.inference.v1.WorkerReport.$Properties): signalbox.inference.v1.WorkerReport;

                /**
                 * Encodes the specified WorkerReport message. Does not implicitly {@link signalbox.inference.v1.WorkerReport.verify|verify} messages.
                 * @param message WorkerReport message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.WorkerReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WorkerReport message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.WorkerReport & signalbox.inference.v1.WorkerReport.$Shape} WorkerReport
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.WorkerReport & signalbox.inference.v1.WorkerReport.$Shape;

                /**
                 * Creates a WorkerReport message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WorkerReport
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.WorkerReport;

                /**
                 * Creates a plain object from a WorkerReport message. Also converts values to other types if specified.
                 * @param message WorkerReport
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.WorkerReport, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WorkerReport to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WorkerReport
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WorkerReport {

                /** Properties of a WorkerReport. */
                interface $Properties {

                    /** WorkerReport worker */
                    worker?: (string|null);

                    /** WorkerReport progress */
                    progress?: (signalbox.inference.v1.Progress.$Properties|null);

                    /** WorkerReport build */
                    build?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WorkerReport. */
                type $Shape = signalbox.inference.v1.WorkerReport.$Properties;
            }

            /**
             * Properties of a RouterLoad.
             * @deprecated Use signalbox.inference.v1.RouterLoad.$Properties instead.
             */
            interface IRouterLoad extends signalbox.inference.v1.RouterLoad.$Properties {
            }

            /** Represents a RouterLoad. */
            class RouterLoad {

                /**
                 * Constructs a new RouterLoad.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.RouterLoad.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RouterLoad router. */
                router: string;

                /** RouterLoad epoch. */
                epoch: string;

                /** RouterLoad sequence. */
                sequence: number;

                /** RouterLoad workers. */
                workers: signalbox.inference.v1.WorkerShare.$Properties[];

                /** RouterLoad leaving. */
                leaving: boolean;

                /**
                 * Creates a new RouterLoad instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns RouterLoad instance
                 */
                static create(properties: signalbox.inference.v1.RouterLoad.$Shape): signalbox.inference.v1.RouterLoad & signalbox.inference.v1.RouterLoad.$Shape;
                static create(properties?: signalbox.inference.v1.RouterLoad.$Properties): signalbox.inference.v1.RouterLoad;

                /**
                 * Encodes the specified RouterLoad message. Does not implicitly {@link signalbox.inference.v1.RouterLoad.verify|verify} messages.
                 * @param message RouterLoad message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.RouterLoad.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RouterLoad message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.RouterLoad & signalbox.inference.v1.RouterLoad.$Shape} RouterLoad
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.RouterLoad & signalbox.inference.v1.RouterLoad.$Shape;

                /**
                 * Creates a RouterLoad message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns RouterLoad
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.RouterLoad;

                /**
                 * Creates a plain object from a RouterLoad message. Also converts values to other types if specified.
                 * @param message RouterLoad
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.RouterLoad, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this RouterLoad to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for RouterLoad
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace RouterLoad {

                /** Properties of a RouterLoad. */
                interface $Properties {

                    /** RouterLoad router */
                    router?: (string|null);

                    /** RouterLoad epoch */
                    epoch?: (string|null);

                    /** RouterLoad sequence */
                    sequence?: (number|null);

                    /** RouterLoad workers */
                    workers?: (signalbox.inference.v1.WorkerShare.$Properties[]|null);

                    /** RouterLoad leaving */
                    leaving?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RouterLoad. */
                type $Shape = signalbox.inference.v1.RouterLoad.$Properties;
            }

            /**
             * Properties of a WorkerShare.
             * @deprecated Use signalbox.inference.v1.WorkerShare.$Properties instead.
             */
            interface IWorkerShare extends signalbox.inference.v1.WorkerShare.$Properties {
            }

            /** Represents a WorkerShare. */
            class WorkerShare {

                /**
                 * Constructs a new WorkerShare.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.WorkerShare.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** WorkerShare worker. */
                worker: string;

                /** WorkerShare dispatch. */
                dispatch: number;

                /** WorkerShare seen. */
                seen: number;

                /** WorkerShare unseen. */
                unseen: number;

                /** WorkerShare unseenTokens. */
                unseenTokens: number;

                /** WorkerShare unseenBlocks. */
                unseenBlocks: number;

                /** WorkerShare inFlight. */
                inFlight: number;

                /** WorkerShare awaitingTokens. */
                awaitingTokens: number;

                /** WorkerShare inFlightBlocks. */
                inFlightBlocks: number;

                /**
                 * Creates a new WorkerShare instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns WorkerShare instance
                 */
                static create(properties: signalbox.inference.v1.WorkerShare.$Shape): signalbox.inference.v1.WorkerShare & signalbox.inference.v1.WorkerShare.$Shape;
                static create(properties?: signalbox.inference.v1.WorkerShare.$Properties): signalbox.inference.v1.WorkerShare;

                /**
                 * Encodes the specified WorkerShare message. Does not implicitly {@link signalbox.inference.v1.WorkerShare.verify|verify} messages.
                 * @param message WorkerShare message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.WorkerShare.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a WorkerShare message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.WorkerShare & signalbox.inference.v1.WorkerShare.$Shape} WorkerShare
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.WorkerShare & signalbox.inference.v1.WorkerShare.$Shape;

                /**
                 * Creates a WorkerShare message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns WorkerShare
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.WorkerShare;

                /**
                 * Creates a plain object from a WorkerShare message. Also converts values to other types if specified.
                 * @param message WorkerShare
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.WorkerShare, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this WorkerShare to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for WorkerShare
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace WorkerShare {

                /** Properties of a WorkerShare. */
                interface $Properties {

                    /** WorkerShare worker */
                    worker?: (string|null);

                    /** WorkerShare dispatch */
                    dispatch?: (number|null);

                    /** WorkerShare seen */
                    seen?: (number|null);

                    /** WorkerShare unseen */
                    unseen?: (number|null);

                    /** WorkerShare unseenTokens */
                    unseenTokens?: (number|null);

                    /** WorkerShare unseenBlocks */
                    unseenBlocks?: (number|null);

                    /** WorkerShare inFlight */
                    inFlight?: (number|null);

                    /** WorkerShare awaitingTokens */
                    awaitingTokens?: (number|null);

                    /** WorkerShare inFlightBlocks */
                    inFlightBlocks?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a WorkerShare. */
                type $Shape = signalbox.inference.v1.WorkerShare.$Properties;
            }

            /**
             * Properties of a KeyUses.
             * @deprecated Use signalbox.inference.v1.KeyUses.$Properties instead.
             */
            interface IKeyUses extends signalbox.inference.v1.KeyUses.$Properties {
            }

            /** Represents a KeyUses. */
            class KeyUses {

                /**
                 * Constructs a new KeyUses.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KeyUses.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KeyUses router. */
                router: string;

                /** KeyUses epoch. */
                epoch: string;

                /** KeyUses sequence. */
                sequence: number;

                /** KeyUses keys. */
                keys: signalbox.inference.v1.KeyUse.$Properties[];

                /** KeyUses leaving. */
                leaving: boolean;

                /**
                 * Creates a new KeyUses instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KeyUses instance
                 */
                static create(properties: signalbox.inference.v1.KeyUses.$Shape): signalbox.inference.v1.KeyUses & signalbox.inference.v1.KeyUses.$Shape;
                static create(properties?: signalbox.inference.v1.KeyUses.$Properties): signalbox.inference.v1.KeyUses;

                /**
                 * Encodes the specified KeyUses message. Does not implicitly {@link signalbox.inference.v1.KeyUses.verify|verify} messages.
                 * @param message KeyUses message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KeyUses.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KeyUses message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KeyUses & signalbox.inference.v1.KeyUses.$Shape} KeyUses
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KeyUses & signalbox.inference.v1.KeyUses.$Shape;

                /**
                 * Creates a KeyUses message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KeyUses
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KeyUses;

                /**
                 * Creates a plain object from a KeyUses message. Also converts values to other types if specified.
                 * @param message KeyUses
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KeyUses, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KeyUses to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KeyUses
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KeyUses {

                /** Properties of a KeyUses. */
                interface $Properties {

                    /** KeyUses router */
                    router?: (string|null);

                    /** KeyUses epoch */
                    epoch?: (string|null);

                    /** KeyUses sequence */
                    sequence?: (number|null);

                    /** KeyUses keys */
                    keys?: (signalbox.inference.v1.KeyUse.$Properties[]|null);

                    /** KeyUses leaving */
                    leaving?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KeyUses. */
                type $Shape = signalbox.inference.v1.KeyUses.$Properties;
            }

            /**
             * Properties of a KeyUse.
             * @deprecated Use signalbox.inference.v1.KeyUse.$Properties instead.
             */
            interface IKeyUse extends signalbox.inference.v1.KeyUse.$Properties {
            }

            /** Represents a KeyUse. */
            class KeyUse {

                /**
                 * Constructs a new KeyUse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: signalbox.inference.v1.KeyUse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KeyUse key. */
                key: Uint8Array;

                /** KeyUse requests. */
                requests: number;

                /** KeyUse tokens. */
                tokens: number;

                /** KeyUse running. */
                running: number;

                /**
                 * Creates a new KeyUse instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KeyUse instance
                 */
                static create(properties: signalbox.inference.v1.KeyUse.$Shape): signalbox.inference.v1.KeyUse & signalbox.inference.v1.KeyUse.$Shape;
                static create(properties?: signalbox.inference.v1.KeyUse.$Properties): signalbox.inference.v1.KeyUse;

                /**
                 * Encodes the specified KeyUse message. Does not implicitly {@link signalbox.inference.v1.KeyUse.verify|verify} messages.
                 * @param message KeyUse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: signalbox.inference.v1.KeyUse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KeyUse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {signalbox.inference.v1.KeyUse & signalbox.inference.v1.KeyUse.$Shape} KeyUse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): signalbox.inference.v1.KeyUse & signalbox.inference.v1.KeyUse.$Shape;

                /**
                 * Creates a KeyUse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns KeyUse
                 */
                static fromObject(object: { [k: string]: any }): signalbox.inference.v1.KeyUse;

                /**
                 * Creates a plain object from a KeyUse message. Also converts values to other types if specified.
                 * @param message KeyUse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: signalbox.inference.v1.KeyUse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this KeyUse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };

                /**
                 * Gets the type url for KeyUse
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KeyUse {

                /** Properties of a KeyUse. */
                interface $Properties {

                    /** KeyUse key */
                    key?: (Uint8Array|null);

                    /** KeyUse requests */
                    requests?: (number|null);

                    /** KeyUse tokens */
                    tokens?: (number|null);

                    /** KeyUse running */
                    running?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KeyUse. */
                type $Shape = signalbox.inference.v1.KeyUse.$Properties;
            }
        }
    }
}
