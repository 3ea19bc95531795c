/**
 * Writer: what encodes messages, with numbers as Weir has them.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire"

const maxUint32 = 0xffff_ffff

export class Writer extends BinaryWriter {
  /** Ids, offsets and counts: both write the same bytes, this one without 64 bits in two halves. */
  override int64(value: string | number | bigint): this {
    return typeof value === "number" && value >= 0 && value <= maxUint32
      ? this.uint32(value)
      : super.int64(value)
  }
}
