/**
 * Base64: bytes as text, where there is no Buffer.
 */

// `String.fromCharCode` takes its bytes as arguments, and engines bound those.
const CHUNK = 8192

export const toBase64 = (bytes: Uint8Array): string => {
  let binary = ""
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  }
  return btoa(binary)
}

export const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
