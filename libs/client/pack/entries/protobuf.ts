/**
 * The published package's entry `@weir/client/protobuf`.
 */
export { protobufCodec } from "../../src/ProtobufCodec.ts"
