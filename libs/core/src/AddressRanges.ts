/**
 * AddressRanges: is an IP address in any of some ranges?
 */
import { BlockList } from "node:net"

export type AddressFamily = "ipv4" | "ipv6"

/** The kernel's own spelling: only IPv6 has colons, and isIPv6 costs as much as a check. */
export const familyOf = (address: string): AddressFamily =>
  address.includes(":") ? "ipv6" : "ipv4"

/** A dual-stack listener shows IPv4 peers as ::ffff:a.b.c.d. */
export const plainAddress = (address: string): string =>
  address.startsWith("::ffff:") ? address.slice(7) : address

/** Those in any of the ranges, such as 10.0.0.0/8. */
export const addressesIn = (ranges: ReadonlyArray<string>): ((address: string) => boolean) => {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const [network = "", bits] = range.split("/")
    list.addSubnet(network, Number(bits), familyOf(network))
  }
  return (address) => {
    const plain = plainAddress(address)
    return list.check(plain, familyOf(plain))
  }
}
