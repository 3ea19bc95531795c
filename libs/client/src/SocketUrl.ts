/**
 * SocketUrl: the WebSocket address for the URL a program gives.
 */
import { asWeirError } from "./Failure.ts"

/** Turns http into ws; a relative URL is completed from the page, where there is one. */
export const socketUrl = (url: string): string => {
  const page = (globalThis as { location?: { readonly href?: string } }).location?.href
  try {
    const absolute = new URL(url, page)
    absolute.protocol = absolute.protocol.replace(/^http/, "ws")
    return absolute.href
  } catch (error) {
    throw asWeirError(error, "bad_request")
  }
}
