/**
 * SocketUrl: the WebSocket address for the URL a program gives, and where it is done by requests.
 */
import { WeirError } from "./Failure.ts"

/** Turns http into ws; a relative URL is completed from the page, where there is one. */
export const socketUrl = (url: string): string => {
  const page = (globalThis as { location?: { readonly href?: string } }).location?.href
  if (!URL.canParse(url, page)) throw new WeirError("bad_request", `${url} is no URL`)
  const absolute = new URL(url, page)
  absolute.protocol = absolute.protocol.replace(/^http/, "ws")
  if (!/^wss?:$/.test(absolute.protocol)) {
    throw new WeirError("bad_request", `${url} must begin with ws, wss, http or https`)
  }
  return absolute.href
}

/** `url`: of the WebSocket in whose place they stand. */
export const sessionsUrl = (url: string): string =>
  url.replace(/^ws/, "http").replace(/\/ws$/, "/sessions")
