/**
 * chromium: Debian's browser, without what would use the network or a display.
 *
 * Its build without windows shows pages as the other does, and takes half the time to.
 */
export const chromiumPath = process.env["CHROMIUM"] ?? "/usr/bin/chromium-headless-shell"

export const chromiumOptions = {
  executablePath: chromiumPath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync"
  ]
}
